// What an open stream costs over a plain server that holds the same: GET of a 2025-11-25 session, subscriptions/listen of 2026-07-28.
import { connect, type Socket } from 'node:net'
import { WireClient, type RpcRequest } from '../client.ts'
import { createProbe, toKib, type Probe } from '../memory.ts'
import type { Held } from '../probe.ts'
import { startTarget } from '../processes.ts'
import { ROUNDS } from '../rounds.ts'
import { formatRatio, median, ratioOf } from '../stats.ts'
import { atMost, presentTable, showProgress, type Outcome, type Suite } from '../suite.ts'
import { startGateway, startPlain, type Target } from '../targets.ts'
import { inTurns, openUsedSessions } from './idle-sessions.ts'

const USERS = 100
const STREAMS = 1000
const OPENED_MS = 5_000
const LISTEN: RpcRequest = {
  id: 1,
  method: 'subscriptions/listen',
  params: { notifications: { toolsListChanged: true } },
}
const GET_BAR = 'live heap per GET stream of mcphub against direct'
const LISTEN_BAR = 'live heap per listen stream of mcphub against direct'

export const OPEN_STREAMS: Suite = {
  name: 'open-streams',
  about: `${STREAMS} streams of ${USERS} users, open and silent; direct is node:http that holds the same streams and knows nothing of MCP. A GET stream's session is there before and not counted`,
  bars: [atMost(GET_BAR, 1.2), atMost(LISTEN_BAR, 1.2)],
  run: runOpenStreams,
}

const KINDS = ['GET', 'listen'] as const
type Kind = (typeof KINDS)[number]

interface Measured {
  readonly target: Target
  readonly probe: Probe
  /** requests that open a stream each */
  readonly requests: Readonly<Record<Kind, readonly string[]>>
}

/** Bytes of one stream. */
interface Cost {
  readonly live: number
  readonly rss: number
  readonly left: number
}

async function runOpenStreams(): Promise<Outcome> {
  const upstream = await startTarget('./upstream.ts', ['json', 'legacy'])
  const [plainProbe, hubProbe] = [createProbe(), createProbe()]
  const plain = { name: 'direct', script: './targets/holder.ts', args: [], users: USERS, env: plainProbe.env }
  const holder = await startPlain(plain)
  const hub = await startGateway({ upstreamPort: upstream.port, users: USERS, env: hubProbe.env })
  const all: Measured[] = [
    { target: holder, probe: plainProbe, requests: buildRequests(holder, buildClients(holder)) },
    { target: hub, probe: hubProbe, requests: buildRequests(hub, await openUsedSessions(hub, STREAMS)) },
  ]
  const costs = new Map<string, Cost[]>()
  // the first round only warms
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { one, kind } of all.flatMap((each) => KINDS.map((of) => ({ one: each, kind: of })))) {
      const cost = await measureStreams(one, kind)
      const name = `${one.target.name} ${kind}`
      if (round > 0) costs.set(name, [...(costs.get(name) ?? []), cost])
    }
    showProgress(`${OPEN_STREAMS.name}: round ${round} of ${ROUNDS}`)
  }
  for (const { target, probe } of all) {
    await target.stop()
    probe.remove()
  }
  upstream.child.kill()
  return present(costs)
}

function buildClients(target: Target, era: 'legacy' | 'modern' = 'legacy'): WireClient[] {
  return Array.from({ length: STREAMS }, (_, index) => {
    const user = target.users[index % target.users.length]
    if (!user) throw new Error('a target needs users')
    return new WireClient({ ...user, port: target.port, sendToken: target.sendToken, era })
  })
}

function buildRequests(target: Target, sessions: readonly WireClient[]): Measured['requests'] {
  const modern = buildClients(target, 'modern')
  return {
    GET: sessions.map((client) => client.buildGet()),
    listen: modern.map((client) => client.buildRequest(LISTEN)),
  }
}

async function measureStreams({ target, probe, requests }: Measured, kind: Kind): Promise<Cost> {
  const before = await probe.ask(target.pid)
  const sockets: Socket[] = []
  await inTurns(requests[kind], async (request) => void sockets.push(await openStream(target.port, request, kind)))
  const open = await probe.ask(target.pid)
  for (const socket of sockets) socket.destroy()
  const closed = await probe.ask(target.pid)
  const each = (from: Held, to: Held, what: keyof Held): number => (to[what] - from[what]) / STREAMS
  return {
    live: each(before, open, 'liveHeap') + each(before, open, 'buffers'),
    rss: each(before, open, 'rss'),
    left: each(before, closed, 'liveHeap') + each(before, closed, 'buffers'),
  }
}

/** Resolves when the head is there, for a listen request its acknowledgement too. */
function openStream(port: number, request: string, kind: Kind): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let text = ''
    const fail = (why: string): void => reject(new Error(`${kind}: ${why} ${text.slice(0, 300)}`))
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request))
    const timer = setTimeout(() => fail('no stream in time'), OPENED_MS)
    socket.on('error', (error) => fail(error.message))
    socket.on('data', (chunk) => {
      text += chunk.toString()
      if (text.length > 12 && !text.startsWith('HTTP/1.1 200')) fail('refused')
      if (!text.includes('\r\n\r\n') || (kind === 'listen' && !text.includes('acknowledged'))) return
      clearTimeout(timer)
      resolve(socket)
    })
  })
}

function present(costs: ReadonlyMap<string, readonly Cost[]>): Outcome {
  const pick = (name: string, what: keyof Cost): number[] => (costs.get(name) ?? []).map((cost) => cost[what])
  const ratio = (kind: Kind) => ratioOf(pick(`mcphub ${kind}`, 'live'), pick(`direct ${kind}`, 'live'))
  const head = ['stream', 'live heap KiB', 'live heap ratio', 'RSS growth KiB', 'left after its end KiB']
  const rows = [...costs.keys()].map((name) => {
    const cell = (what: keyof Cost): string => toKib(median(pick(name, what)))
    const shown = name.startsWith('direct') ? '1' : formatRatio(ratio(name.endsWith('GET') ? 'GET' : 'listen'))
    return [name, cell('live'), shown, cell('rss'), cell('left')]
  })
  return {
    table: presentTable(head, rows),
    reached: { [GET_BAR]: ratio('GET').median, [LISTEN_BAR]: ratio('listen').median },
  }
}
