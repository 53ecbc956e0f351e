// `make soak`: the crowd for SOAK_MINUTES (default 30) or SOAK_CALLS (default 10⁷), whichever comes first. Prints where it stands every ten seconds.
import { fork, type ChildProcess } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startHub, type TestHub } from '../kit/hub.ts'
import { PROBE_SHARED, probe, remote } from '../kit/manifests.ts'
import { startRegistry, type TestRegistry } from '../kit/registry.ts'
import { until } from '../kit/wait-until.ts'
import { buildPost, WireConnection } from '../kit/wire.ts'
import { createReport, soak, type Soaker } from './crowd.ts'

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 30)
const CALLS = Number(process.env['SOAK_CALLS'] ?? 10_000_000)
const USERS = 200
const HEAVY_USERS = 20
const TELL_MS = 10_000
/** the first minute fills caches, pools and the compiler */
const WARM = 0.2

let registry: TestRegistry
let hub: TestHub
const upstreams: ChildProcess[] = []

async function startUpstream(kind: string): Promise<string> {
  const script = new URL('../../bench/upstream.ts', import.meta.url).pathname
  const upstream = fork(script, [kind], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  upstreams.push(upstream)
  const line = await new Promise<string>((resolve) => upstream.stdout!.once('data', (data) => resolve(String(data))))
  return `http://127.0.0.1:${(JSON.parse(line) as { port: number }).port}/mcp`
}

beforeAll(async () => {
  registry = await startRegistry(['probe-server'])
  const token =
    "    headers:\n      - name: X-Bench-Token\n        value: '${USER_PROBE_SECRET}'\n  discovery: Shared\n"
  hub = await startHub({
    manifests: {
      'upstream.yaml': remote('upstream', await startUpstream('json'), token),
      'streaming.yaml': remote('streaming', await startUpstream('sse'), token),
      'probe.yaml': probe('probe', '  discovery: Shared\n'),
      'shared.yaml': PROBE_SHARED,
    },
    env: {
      MCPHUB_NPMRC: registry.npmrc,
      MCPHUB_LOG_LEVEL: 'warn',
      MCPHUB_CALLS_PER_SERVER: '1000',
      MCPHUB_SESSION_MAX_SECONDS: String(24 * 3600),
    },
  })
}, 180_000)

afterAll(async () => {
  await hub?.stop()
  await registry?.stop()
  for (const upstream of upstreams) upstream.kill('SIGKILL')
})

async function addUsers(): Promise<Soaker[]> {
  const users: Soaker[] = []
  for (let n = 0; n < USERS; n++) {
    const { key } = await hub.addUser(`user-${n}`)
    const secret = `secret-of-user-${n}`
    await hub.setVariables(key, { USER_PROBE_SECRET: secret })
    users.push({ key, secret })
  }
  const names = ['upstream__echo', 'streaming__echo', 'probe__nonce', 'probe-shared__progress']
  await until(async () => {
    const connection = new WireConnection(hub.port)
    const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    const { body } = await connection.send(buildPost(`/mcp?key=${users[0]!.key}`, {}, list))
    connection.close()
    for (const name of names) expect(body).toContain(`"${name}"`)
  }, 120_000)
  return users
}

interface Use {
  /** MiB */
  readonly memory: number
  readonly files: number
}

function readUse(): Use {
  if (process.platform !== 'linux') return { memory: 0, files: 0 }
  const kiB = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${hub.pid}/status`, 'utf8'))?.[1]
  return { memory: Math.round(Number(kiB) / 1024), files: readdirSync(`/proc/${hub.pid}/fd`).length }
}

test(
  `R4-39, GW-17: a crowd for ${MINUTES} minutes or ${CALLS} calls: no cross-talk, no lost or late progress, nothing leaks`,
  async () => {
    const users = await addUsers()
    const report = createReport()
    const started = performance.now()
    const end = started + MINUTES * 60_000
    const isOver = () => report.calls >= CALLS || performance.now() > end
    const shareDone = () => Math.max(report.calls / CALLS, (performance.now() - started) / (end - started))
    let warm: Use | null = null
    const tell = async (): Promise<void> => {
      while (!isOver()) {
        await Promise.race([wait(TELL_MS), wait(Math.max(0, end - performance.now()))])
        const use = readUse()
        if (warm === null && shareDone() >= WARM) warm = use
        const rate = Math.round((report.calls / (performance.now() - started)) * 1000)
        const { calls, errors, mismatches, progressFaults } = report
        console.log(
          `soak: ${Math.round(shareDone() * 100)} %, ${calls} calls (${rate}/s), ${mismatches} mismatches, ` +
            `${progressFaults} progress faults, ${errors} errors, ${use.memory} MiB, ${use.files} files`,
        )
      }
    }
    const crowd = users.map((user, at) => soak(hub.port, user, { hasChild: at < HEAVY_USERS, isOver, report }))
    await Promise.all([tell(), ...crowd])
    expect(report).toMatchObject({ mismatches: 0, progressFaults: 0, errors: 0, samples: [] })
    expect(report.calls).toBeGreaterThan(USERS)
    const use = readUse()
    const before: Use = warm ?? use
    expect(use.memory).toBeLessThan(before.memory * 1.5 + 50)
    expect(use.files).toBeLessThan(before.files + 50)
  },
  MINUTES * 60_000 + 300_000,
)
