// What a session costs that was opened, listed and called once, and now only waits; and what is left of it when it has ended.
import { WireClient } from '../client.ts'
import { createProbe, toKib, type Probe } from '../memory.ts'
import type { Held } from '../probe.ts'
import { startTarget } from '../processes.ts'
import { ROUNDS } from '../rounds.ts'
import { median } from '../stats.ts'
import { atMost, presentTable, showProgress, type Outcome, type Suite } from '../suite.ts'
import { startGateway, startPlain, type Target } from '../targets.ts'

const USERS = 100
const SESSIONS = 1000
const AT_ONCE = 20
const LIVE = 'KiB of live heap per used idle session of mcphub'

export const IDLE_SESSIONS: Suite = {
  name: 'idle-sessions',
  about: `${SESSIONS} sessions of ${USERS} users, each opened, listed and called once, their connections closed; then all ended. Live heap after collections; direct is a server that keeps nothing`,
  bars: [atMost(LIVE, 1.5)],
  run: runIdleSessions,
}

interface Measured {
  readonly target: Target
  readonly probe: Probe
}

/** Bytes of one session. */
interface Cost {
  readonly live: number
  readonly rss: number
  readonly left: number
}

async function runIdleSessions(): Promise<Outcome> {
  const upstream = await startTarget('./upstream.ts', ['json', 'legacy'])
  const [plainProbe, hubProbe] = [createProbe(), createProbe()]
  const plain = { name: 'direct', script: './upstream.ts', args: ['json', 'legacy'], users: USERS, env: plainProbe.env }
  const all: Measured[] = [
    { target: await startPlain(plain), probe: plainProbe },
    {
      target: await startGateway({ upstreamPort: upstream.port, users: USERS, env: hubProbe.env }),
      probe: hubProbe,
    },
  ]
  const costs = new Map<string, Cost[]>()
  for (const { target } of all) costs.set(target.name, [])
  // the first round only warms: code is compiled, tables have grown
  for (let round = 0; round <= ROUNDS; round++) {
    for (const one of all) {
      const cost = await measureSessions(one)
      if (round > 0) costs.get(one.target.name)?.push(cost)
    }
    showProgress(`${IDLE_SESSIONS.name}: round ${round} of ${ROUNDS}`)
  }
  for (const { target, probe } of all) {
    await target.stop()
    probe.remove()
  }
  upstream.child.kill()
  return present(costs)
}

async function measureSessions({ target, probe }: Measured): Promise<Cost> {
  const before = await probe.ask(target.pid)
  const clients = await openUsedSessions(target, SESSIONS)
  const open = await probe.ask(target.pid)
  await inTurns(clients, async (client) => {
    const { status } = await client.end()
    client.close()
    if (status !== 200) throw new Error(`DELETE: ${status}`)
  })
  const ended = await probe.ask(target.pid)
  const each = (from: Held, to: Held, what: keyof Held): number => (to[what] - from[what]) / SESSIONS
  return {
    live: each(before, open, 'liveHeap') + each(before, open, 'buffers'),
    rss: each(before, open, 'rss'),
    left: each(before, ended, 'liveHeap') + each(before, ended, 'buffers'),
  }
}

/** Each opened, listed and called once, on a connection of its own that is closed then. */
export async function openUsedSessions(target: Target, count: number): Promise<WireClient[]> {
  const clients: WireClient[] = []
  await inTurns(Array.from({ length: count }), async (_, index) => {
    const user = target.users[index % target.users.length]
    if (!user) throw new Error('a target needs users')
    const client = new WireClient({ ...user, port: target.port, sendToken: target.sendToken, era: 'legacy' })
    clients.push(client)
    await client.open()
    await client.request({ id: 1, method: 'tools/list' })
    const params = { name: target.tool, arguments: { text: `n${index};` } }
    const { body } = await client.request({ id: 2, method: 'tools/call', params })
    if (!body.includes(`${client.options.token}|n${index};`)) throw new Error(`a wrong answer: ${body.slice(0, 300)}`)
    client.close()
  })
  return clients
}

export async function inTurns<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) await work(items[index] as T, index)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

function present(costs: ReadonlyMap<string, readonly Cost[]>): Outcome {
  const of = (name: string, what: keyof Cost): number => median((costs.get(name) ?? []).map((cost) => cost[what]))
  const head = ['target', 'live heap KiB/session', 'RSS growth KiB/session', 'left after its end KiB/session']
  const rows = [...costs.keys()].map((name) => [
    name,
    ...(['live', 'rss', 'left'] as const).map((what) => toKib(of(name, what))),
  ])
  return { table: presentTable(head, rows), reached: { [LIVE]: of('mcphub', 'live') / 1024 } }
}
