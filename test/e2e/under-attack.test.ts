// A real hub under attack, with people at work beside it: floods without a key, clients that do not read, servers that do what no server should.
import { connect, type Socket } from 'node:net'
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { LIMITS } from '@mcphub/api'
import { HOSTILE_TOOLS, HostileUpstream } from '../kit/hostile-upstream.ts'
import { startHub, type TestHub, type TestUser } from '../kit/hub.ts'
import { openLuringUpstream, type LuringUpstream } from '../kit/luring-upstream.ts'
import { remote } from '../kit/manifests.ts'
import { openTorrent, POURED_PIECES, type Torrent } from '../kit/torrent-upstream.ts'
import { until } from '../kit/wait-until.ts'
import { buildPost, WireConnection, type WireAnswer } from '../kit/wire.ts'

const MiB = 1024 * 1024
const WORKERS = 6

let hub: TestHub
let good: HostileUpstream
let hostile: HostileUpstream
let torrent: Torrent
let luring: LuringUpstream
let users: TestUser[]

beforeAll(async () => {
  good = await HostileUpstream.open()
  hostile = await HostileUpstream.open({ tools: HOSTILE_TOOLS })
  torrent = await openTorrent()
  luring = await openLuringUpstream()
  hub = await startHub({
    manifests: {
      'good.yaml': remote('good', good.url),
      'hostile.yaml': remote('hostile', hostile.url),
      'luring.yaml': remote('luring', luring.url),
      // who reads slowly is no silent server
      'torrent.yaml': remote('torrent', torrent.url, '  callTimeoutSeconds: 25\n'),
    },
    env: { MCPHUB_LOG_LEVEL: 'info', MCPHUB_CALL_IDLE_SECONDS: '5', MCPHUB_CALL_MAX_SECONDS: '30' },
  })
  users = []
  for (let n = 0; n < WORKERS + 1; n++) users.push(await hub.addUser(`user-${n}`))
  await until(async () => {
    const answer = await send(users[0]!.key, '/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/list' })
    for (const name of ['good__echo', 'hostile__echo', 'torrent__pour', 'luring__lure'])
      expect(answer.body).toContain(`"${name}"`)
  }, 30_000)
})

afterAll(async () => {
  await hub?.stop()
  await Promise.all([good?.close(), hostile?.close(), torrent?.close(), luring?.close()])
})

const LEGACY = { 'mcp-protocol-version': '2025-11-25' }
const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'attack', version: '1' },
}

async function send(key: string, path: string, message: object, headers: Record<string, string> = LEGACY) {
  const connection = new WireConnection(hub.port)
  try {
    return await connection.send(buildPost(`${path}?key=${key}`, headers, JSON.stringify(message)))
  } finally {
    connection.close()
  }
}

const callOf = (id: number, name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
})

// --- people at work ---

interface Work {
  readonly latencies: number[]
  /** the same without the time in which the gateway could have worked and others had the cores */
  readonly waits: number[]
  readonly wrong: string[]
  calls: number
}

/** Milliseconds that the gateway's main thread has waited for a core in its life: the machine's doing, not the hub's. */
function readHeldUp(): number {
  if (process.platform !== 'linux') return 0
  return Number(readFileSync(`/proc/${hub.pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6
}

/** Each calls the good server, and the harmless tool of the hostile one, one after the other; every answer must be its own. */
async function work(isOver: () => boolean, pauseMs = 5): Promise<Work> {
  const done: Work = { latencies: [], waits: [], wrong: [], calls: 0 }
  const one = async (user: TestUser): Promise<void> => {
    const connection = new WireConnection(hub.port)
    for (let n = 0; !isOver(); n++) {
      const nonce = `${user.username}-${n}`
      const name = n % 2 === 0 ? 'good__echo' : 'hostile__echo'
      const heldUp = readHeldUp()
      const started = performance.now()
      const body = JSON.stringify(callOf(n, name, { nonce }))
      const answer = await connection.send(buildPost(`/mcp?key=${user.key}`, LEGACY, body)).catch(String)
      const latency = performance.now() - started
      done.latencies.push(latency)
      done.waits.push(latency - (readHeldUp() - heldUp))
      done.calls++
      const isRight = typeof answer !== 'string' && answer.body.includes(nonce) && answer.body.includes(`"id":${n}`)
      if (!isRight) done.wrong.push(typeof answer === 'string' ? answer : answer.body.slice(0, 300))
      if (pauseMs > 0) await wait(pauseMs)
    }
    connection.close()
  }
  await Promise.all(users.slice(1).map(one))
  return done
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

const median = (values: readonly number[]): number => percentile(values, 0.5)

// --- floods ---

/** Requests without a good key, `perSecond` of them in small bursts, each on a way of its own to be refused. */
async function flood(isOver: () => boolean, perSecond: number): Promise<Set<number>> {
  const statuses = new Set<number>()
  const connections = Array.from({ length: 8 }, () => new WireConnection(hub.port))
  const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'flood', version: '1' } }
  let n = 0
  const one = async (connection: WireConnection): Promise<void> => {
    const started = performance.now()
    for (let sent = 0; !isOver(); sent++) {
      const key = n++ % 3 === 0 ? '' : n % 3 === 1 ? '?key=nonsense' : `?key=mcphub_${String(n).padStart(64, '0')}`
      const body = JSON.stringify({ jsonrpc: '2.0', id: n, method: 'initialize', params: initialize })
      statuses.add((await connection.send(buildPost(`/mcp${key}`, {}, body))).status)
      const ahead = (sent / perSecond) * connections.length * 1000 - (performance.now() - started)
      if (ahead > 0) await wait(ahead)
    }
    connection.close()
  }
  await Promise.all(connections.map(one))
  return statuses
}

test('R4-32, ID-8: 10,000 requests a minute without a key leave the p99 of people at work within twice', async () => {
  const PHASE_MS = 1_500
  /** below this a p99 says more about the machine than about the hub */
  const NOISE_MS = 10
  /** what a busy machine does to one round it does not do to most of twenty */
  const [ROUNDS, MOST_ROUNDS] = [5, 20]
  const ratios: number[] = []
  for (let round = 0; round < ROUNDS || (round < MOST_ROUNDS && median(ratios) > 2); round++) {
    const phase = async (isFlooded: boolean): Promise<number> => {
      const until = performance.now() + PHASE_MS
      const isOver = () => performance.now() > until
      const [done, statuses] = await Promise.all([
        work(isOver),
        isFlooded ? flood(isOver, 10_000 / 60) : new Set([401]),
      ])
      expect(done.wrong).toEqual([])
      expect([...statuses]).toEqual([401])
      return Math.max(percentile(done.waits, 0.99), NOISE_MS)
    }
    const isFloodFirst = round % 2 === 1
    const first = await phase(isFloodFirst)
    const second = await phase(!isFloodFirst)
    ratios.push(isFloodFirst ? first / second : second / first)
  }
  expect(median(ratios), ratios.join()).toBeLessThanOrEqual(2)
}, 120_000)

// --- slow sockets ---

const SLOW = 2_000

test('GW-8: 2,000 sockets that send slowly, or nothing, are closed within their published time; people at work wait for none of them', async () => {
  const starts = [
    '',
    'POST /mcp HTTP/1.1\r\nHost: loc',
    `POST /mcp?key=${users[0]!.key} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"a`,
  ]
  const begun = performance.now()
  let open = SLOW
  const ended: number[] = []
  for (let n = 0; n < SLOW; n++) {
    const socket = connect({ port: hub.port, host: '127.0.0.1' })
    socket.on('error', () => undefined)
    // the answer is read: a socket that keeps it would not end
    socket.resume()
    socket.write(starts[n % starts.length]!)
    socket.on('close', () => {
      open--
      ended.push(performance.now() - begun)
    })
    // an accept queue is short
    if (n % 100 === 99) await wait(20)
  }
  const done = await work(() => open === 0 || performance.now() - begun > 25_000)
  expect(open).toBe(0)
  expect(Math.max(...ended)).toBeLessThan(LIMITS.slowBodyMs + 5_000)
  expect(done.wrong).toEqual([])
  expect(done.calls).toBeGreaterThan(500)
  // most of the time nothing happens to those sockets at all
  expect(percentile(done.latencies, 0.95)).toBeLessThan(100)
}, 40_000)

// --- clients that do not read ---

/** resident memory of the gateway, in MiB */
function readMemory(): number {
  const kiB = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${hub.pid}/status`, 'utf8'))?.[1]
  return Number(kiB) / 1024
}

/** A client that asks and does not read until it is told to. */
class Sleeper {
  readonly nonce: string
  readonly #socket: Socket
  #text = ''

  constructor(key: string, tool: string, nonce: string) {
    this.nonce = nonce
    this.#socket = connect({ port: hub.port, host: '127.0.0.1' })
    this.#socket.on('error', () => undefined)
    this.#socket.pause()
    const body = JSON.stringify(callOf(1, tool, { nonce }))
    this.#socket.write(buildPost(`/mcp?key=${key}`, { ...LEGACY, connection: 'close' }, body))
  }

  /** Everything, once it is awake. */
  async read(): Promise<string> {
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (chunk) => (this.#text += String(chunk)))
    this.#socket.resume()
    await new Promise((resolve) => this.#socket.once('close', resolve))
    return this.#text
  }

  close(): void {
    this.#socket.destroy()
  }
}

describe.skipIf(process.platform !== 'linux')('clients that stop reading', () => {
  test('R4-33, GW-10: more than 400 MB for clients that do not read stay at the servers; nobody waits, and what is read later is right', async () => {
    const before = readMemory()
    const sleepers: Sleeper[] = []
    onTestFinished(() => sleepers.forEach((sleeper) => sleeper.close()))
    const people = users.slice(0, 5)
    for (const [at, { key }] of people.entries()) {
      for (let n = 0; n < 6; n++) sleepers.push(new Sleeper(key, 'torrent__pour', `nonce-${at}-${n}`))
    }
    const babblers = people.slice(0, 4).map(({ key }) => new Sleeper(key, 'torrent__babble', 'babble'))
    const stop = performance.now() + 4_000
    let highest = 0
    const watch = async (): Promise<void> => {
      while (performance.now() < stop) {
        highest = Math.max(highest, readMemory())
        await wait(50)
      }
    }
    const [done] = await Promise.all([work(() => performance.now() > stop), watch()])
    expect(done.wrong).toEqual([])
    expect(percentile(done.waits, 0.99)).toBeLessThan(1_000)
    // 30 answers of 7.5 MiB and four times 56 MiB of notifications; what sleeps in sockets is the kernel's
    expect(highest - before).toBeLessThan(150)
    for (const babbler of babblers) babbler.close()
    const texts = await Promise.all(sleepers.map((sleeper) => sleeper.read()))
    const wrong = texts.filter((text, at) => countOf(text, sleepers[at]!.nonce) !== countPoured(sleepers[at]!.nonce))
    expect(wrong.map((text) => text.slice(0, 300))).toEqual([])
    expect(torrent.offered() / MiB).toBeGreaterThan(400)
    await until(() => expect(readMemory() - before).toBeLessThan(150))
  }, 60_000)
})

const countOf = (text: string, nonce: string): number =>
  text.replaceAll(/\r\n[0-9a-f]+\r\n/g, '').split(`${nonce} `).length - 1
const countPoured = (nonce: string): number => POURED_PIECES * Math.floor((64 * 1024) / (nonce.length + 1))

// --- servers that do what no server should ---

test('R4-34, GW-4, GW-5: whatever a server does to the calls of one user, the calls of others are answered at once, each with its own', async () => {
  const [victim] = users
  let isOver = false
  const working = work(() => isOver)
  const forms = [
    { headers: LEGACY, meta: undefined },
    { headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' }, meta: MODERN_META },
  ]
  const attacks = HOSTILE_TOOLS.flatMap((tool) => forms.map((form) => ({ tool, ...form })))
  const suffer = async ({ tool, headers, meta }: (typeof attacks)[number]): Promise<string> => {
    const name = `hostile__${tool}`
    const call = callOf(7, name, { nonce: 'victim', times: 20_000 })
    const body = meta === undefined ? call : { ...call, params: { ...call.params, _meta: meta } }
    const named = meta === undefined ? headers : { ...headers, 'mcp-name': name }
    const answer = await send(victim!.key, '/mcp', body, named as Record<string, string>).catch((error: Error) => error)
    return `${tool}: ${answer instanceof Error ? 'lost' : kindOf(answer)}`
  }
  const outcomes: string[] = []
  for (let at = 0; at < attacks.length; at += 24) {
    outcomes.push(...(await Promise.all(attacks.slice(at, at + 24).map(suffer))))
  }
  isOver = true
  const done = await working
  expect(done.wrong).toEqual([])
  expect(done.calls).toBeGreaterThan(500)
  expect(percentile(done.latencies, 0.99)).toBeLessThan(1_000)
  // exactly one answer with the id that was asked with, an error, or a lost connection where an answer had begun
  expect(outcomes.filter((outcome) => !/: (result|error|lost)$/.test(outcome))).toEqual([])
  const lost = outcomes.filter((outcome) => outcome.endsWith(': lost'))
  expect(lost.filter((outcome) => !/^(large|gigantic)/.test(outcome))).toEqual([])
  const metrics = await (await fetch(hub.ready!.metricsUrl)).text()
  expect(/^mcphub_(?:mcp_)?calls_in_flight\S* (\d+)/m.exec(metrics)?.[1] ?? '0').toBe('0')
}, 60_000)

test('NET-4: no address that a server names is ever visited, wherever it names it', async () => {
  const { key } = users[0]!
  for (const [id, method] of ['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'].entries()) {
    const { body } = await send(key, '/mcp/luring', { jsonrpc: '2.0', id, method })
    expect(body).toContain('"result"')
  }
  for (const tool of ['lure', 'refuse', 'lure']) await send(key, '/mcp', callOf(1, `luring__${tool}`))
  for (const path of ['/mcp', '/mcp/luring']) {
    const { body } = await send(key, path, { jsonrpc: '2.0', id: 1, method: 'prompts/get', params: { name: 'p' } })
    expect(body).toContain('"error"')
  }
  await hub.request('GET', '/api/servers', undefined, key)
  expect(luring.visits()).toBe(0)
})

function kindOf({ body }: WireAnswer): string {
  const texts = body.startsWith('{') ? [body] : [...body.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => data)
  const messages = texts.map(
    (text) => JSON.parse(text) as { id?: unknown; method?: string; result?: object; error?: object },
  )
  const answers = messages.filter((message) => message.method === undefined)
  const [answer] = answers
  if (answers.length !== 1 || answer?.id !== 7 || messages.at(-1) !== answer) return body.slice(0, 300)
  return answer.error === undefined ? 'result' : 'error'
}
