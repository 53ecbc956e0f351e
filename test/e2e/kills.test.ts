// 50 people at work at a real hub while the processes behind it are killed: one answer or one error for each call, and none made twice.
// KILLS=1000 makes it long (`make soak`); KILLS_SEED chooses the same victims again.
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../generative/random.ts'
import { startHub, type TestHub, type TestUser } from '../kit/hub.ts'
import { probe, remote } from '../kit/manifests.ts'
import { startRegistry, type TestRegistry } from '../kit/registry.ts'
import { until } from '../kit/wait-until.ts'
import { buildPost, WireConnection } from '../kit/wire.ts'

const KILLS = Number(process.env['KILLS'] ?? 60)
const SEED = Number(process.env['KILLS_SEED'] ?? Date.now() % 1_000_000_000)
const USERS = 50
/** children of this many of them: each start of one is a whole node */
const HEAVY_USERS = KILLS > 100 ? USERS : 12

const folder = mkdtempSync(join(tmpdir(), 'mcphub-kills-'))
const marks = join(folder, 'marks.txt')
let registry: TestRegistry
let hub: TestHub
let upstream: ChildProcess
let port = 0
let users: TestUser[]

async function startUpstream(): Promise<void> {
  upstream = fork(new URL('../kit/stand-in-upstream.ts', import.meta.url).pathname, [String(port), marks])
  port = await new Promise<number>((resolve) => upstream.once('message', (told) => resolve(Number(told))))
}

beforeAll(async () => {
  registry = await startRegistry(['probe-server'])
  await startUpstream()
  hub = await startHub({
    manifests: {
      'upstream.yaml': remote('upstream', `http://127.0.0.1:${port}/mcp`),
      'probe.yaml': probe('probe', '    persistence:\n      mode: Retain\n  discovery: Shared\n'),
    },
    env: { MCPHUB_NPMRC: registry.npmrc, MCPHUB_LOG_LEVEL: 'info', MCPHUB_CALL_IDLE_SECONDS: '10' },
  })
  users = []
  for (let n = 0; n < USERS; n++) {
    const user = await hub.addUser(`user-${n}`)
    await hub.setVariables(user.key, { USER_PROBE_SECRET: `secret-of-user-${n}` })
    users.push(user)
  }
  for (const { key } of users) await waitForTools(key)
}, 120_000)

afterAll(async () => {
  await hub?.stop()
  await registry?.stop()
  upstream?.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

async function waitForTools(key: string): Promise<void> {
  await until(async () => {
    const connection = new WireConnection(hub.port)
    const { body } = await connection.send(
      buildPost(`/mcp?key=${key}`, HEADERS, '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'),
    )
    connection.close()
    for (const name of ['upstream__mark', 'probe__mark']) expect(body).toContain(`"${name}"`)
  }, 90_000)
}

const HEADERS = { 'mcp-protocol-version': '2025-11-25' }

interface Work {
  calls: number
  answered: number
  errors: number
  /** neither the right answer nor an error with the id that was asked with */
  readonly wrong: string[]
}

async function work(user: TestUser, at: number, isOver: () => boolean): Promise<Work> {
  const done: Work = { calls: 0, answered: 0, errors: 0, wrong: [] }
  const random = new Random(SEED + at)
  let connection = new WireConnection(hub.port)
  while (!isOver()) {
    const mark = `${user.username}-${done.calls}`
    const isHeavy = at < HEAVY_USERS && random.chance(0.5)
    const [name, text] = isHeavy ? ['probe__mark', '"marked"'] : ['upstream__mark', `"${mark}"`]
    const id = done.calls % 3
    const params = { name, arguments: { file: 'marks.txt', id: mark, ms: random.below(20) } }
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })
    const answer = await connection.send(buildPost(`/mcp?key=${user.key}`, HEADERS, body)).catch(String)
    done.calls++
    if (typeof answer === 'string') {
      done.wrong.push(`${mark}: ${answer}`)
      connection = new WireConnection(hub.port)
    } else judge(done, mark, { body: answer.body, id, text })
    await wait(random.below(10))
  }
  connection.close()
  return done
}

function judge(
  done: Work,
  mark: string,
  got: { readonly body: string; readonly id: number; readonly text: string },
): void {
  const { body, id, text } = got
  const json = body.startsWith('{') ? body : (/^data: (.+)$/m.exec(body)?.[1] ?? '{}')
  const message = JSON.parse(json) as { id?: unknown; result?: unknown; error?: { data?: { hubCode?: string } } }
  if (message.id === id && message.result !== undefined && json.includes(text)) done.answered++
  else if (message.id === id && message.error?.data?.hubCode !== undefined) done.errors++
  else done.wrong.push(`${mark}: ${body.slice(0, 300)}`)
}

/** Kills one process behind the hub; 0: it was gone by itself. */
async function killOne(random: Random): Promise<number> {
  const { items } = await hub.request<{ items: { pid: number | null; userId: string | null }[] }>(
    'GET',
    '/api/admin/sandboxes',
  )
  const pids = items.flatMap(({ pid }) => (pid === null || pid <= 1 ? [] : [pid]))
  // children that were killed often are started again ever later
  if (pids.length === 0 || random.chance(0.2)) {
    upstream.kill('SIGKILL')
    await new Promise((resolve) => upstream.once('exit', resolve))
    await startUpstream()
    return 1
  }
  try {
    process.kill(random.pick(pids), 'SIGKILL')
    return 1
  } catch {
    return 0
  }
}

/** Every run of every call, wherever its server wrote it. */
function readMarks(): string[] {
  const kept = readdirSync(hub.dataDir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('/marks.txt'))
    .map((name) => join(hub.dataDir, name))
    .filter((name) => statSync(name).isFile())
  return [marks, ...kept].flatMap((name) => readFileSync(name, 'utf8').split('\n').filter(Boolean))
}

test(`R4-38, GW-12, GW-13: ${KILLS} real kills while 50 people work: nothing is answered twice or lost without an error (seed ${SEED})`, async () => {
  console.log(`kills: seed ${SEED}`)
  let killed = 0
  const isOver = () => killed >= KILLS
  const random = new Random(SEED)
  const kill = async (): Promise<void> => {
    while (!isOver()) {
      killed += await killOne(random)
      await wait(100)
    }
  }
  const [, ...works] = await Promise.all([kill(), ...users.map((user, at) => work(user, at, isOver))])
  const sum = (of: 'calls' | 'answered' | 'errors') => works.reduce((total, done) => total + done[of], 0)
  expect(works.flatMap((done) => done.wrong).slice(0, 5)).toEqual([])
  expect(sum('answered') + sum('errors')).toBe(sum('calls'))
  expect(sum('answered')).toBeGreaterThan(USERS * 10)
  expect(sum('errors')).toBeGreaterThan(0)
  const made = readMarks()
  expect(made.length).toBeGreaterThanOrEqual(sum('answered'))
  expect(made.filter((mark, at) => made.indexOf(mark) !== at)).toEqual([])
}, 1_200_000)
