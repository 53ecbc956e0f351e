// 200 users × 500 calls with colliding ids: no answer may reach another than the one who asked; and the check finds two planted faults.
import { fork, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../kit/wait-until.ts'
import { startHub, type TestHub } from '../kit/hub.ts'
import { runIsolation, type IsolationUser } from '../kit/isolation.ts'
import { EVERYTHING, MEMORY, PROBE_SHARED, probe, remote } from '../kit/manifests.ts'
import { plant, type Mutant } from '../kit/mutants.ts'
import { startRegistry, type TestRegistry } from '../kit/registry.ts'
import { MUTANTS } from '../mutants/isolation.ts'

let registry: TestRegistry
let upstream: ChildProcess
let upstreamPort = 0
/** installed by the first hub, used by all */
const packages = join(mkdtempSync(join(tmpdir(), 'mcphub-installed-')), 'packages')

beforeAll(async () => {
  registry = await startRegistry(['probe-server'])
  upstream = fork(new URL('../../bench/upstream.ts', import.meta.url).pathname, ['json'], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  if (!upstream.stdout) throw new Error('no stdout')
  const line = await new Promise<string>((resolve) =>
    createInterface({ input: upstream.stdout! }).once('line', resolve),
  )
  upstreamPort = (JSON.parse(line) as { port: number }).port
})

afterAll(async () => {
  upstream?.kill('SIGKILL')
  await registry?.stop()
  rmSync(dirname(packages), { recursive: true, force: true })
})

async function openHub(gatewayEntry?: string, env: Record<string, string> = {}): Promise<TestHub> {
  const token = "    headers:\n      - name: X-Bench-Token\n        value: '${USER_PROBE_SECRET}'\n"
  const hub = await startHub({
    ...(gatewayEntry ? { gatewayEntry } : {}),
    ...(existsSync(packages) ? { packagesFrom: packages } : {}),
    manifests: {
      'everything.yaml': EVERYTHING,
      'memory.yaml': MEMORY,
      'probe.yaml': probe('probe'),
      'windows.yaml': probe('windows', '    sessions: Isolated\n'),
      'shared.yaml': PROBE_SHARED,
      'upstream.yaml': remote('upstream', `http://127.0.0.1:${upstreamPort}/mcp`, token),
    },
    env: { MCPHUB_NPMRC: registry.npmrc, MCPHUB_LOG_LEVEL: 'info', MCPHUB_CALLS_PER_SERVER: '1000', ...env },
  })
  await until(async () => {
    const { items } = await hub.request<{ items: { name: string; package: { state: string } | null }[] }>(
      'GET',
      '/api/servers',
    )
    expect(items.filter((server) => server.package && server.package.state !== 'Ready')).toEqual([])
    expect(items.length).toBe(6)
  }, 110_000)
  if (!existsSync(packages)) hub.keepPackages(packages)
  return hub
}

async function addUsers(hub: TestHub, count: number): Promise<IsolationUser[]> {
  const users: IsolationUser[] = []
  for (let index = 0; index < count; index++) {
    const { key } = await hub.addUser(`user-${index}`)
    const secret = `secret-of-user-${index}-${'abcdefgh'[index % 8]}`
    await hub.setVariables(key, { USER_PROBE_SECRET: secret })
    users.push({ key, secret })
  }
  return users
}

test('SES-1: 200 users × 500 calls with colliding ids over shared, per-user and per-session servers: no cross-talk', async () => {
  const hub = await openHub()
  try {
    const users = await addUsers(hub, 200)
    const report = await runIsolation({
      port: hub.port,
      users,
      callsPerUser: 500,
      heavyUsers: 20,
    })
    expect(report).toMatchObject({ mismatches: 0, errors: 0, samples: [] })
    expect(report.calls).toBeGreaterThanOrEqual(100_000)
  } finally {
    await hub.stop()
  }
  // what it judges is who gets what; how long it takes is the machine's doing
}, 900_000)

test.each(MUTANTS.map((mutant): [string, Mutant] => [mutant.name, mutant]))(
  'R3-14b: the check fails on a planted fault: %s',
  async (_name, mutant) => {
    const planted = plant(mutant)
    const hub = await openHub(planted.entry, { MCPHUB_CALL_IDLE_SECONDS: '2' })
    try {
      const users = await addUsers(hub, 12)
      const report = await runIsolation({ port: hub.port, users, callsPerUser: 60, heavyUsers: 4 })
      expect(report.mismatches).toBeGreaterThan(0)
    } finally {
      await hub.stop()
      planted.remove()
    }
  },
  180_000,
)
