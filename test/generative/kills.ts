// Many people at work while their servers and children are killed at random. Each call is judged by the model of the random sequences: one answer, an
// error, or a connection that broke where the answer had begun; made once at most.
import { Exchange, type RequestPlan } from './client.ts'
import { Judge } from './judge.ts'
import { SERVERS, STEADY_ACTS, type CallPlan } from './plan.ts'
import { Random } from './random.ts'
import { linkOf, type CallRecord, type Person, type SessionRecord } from './records.ts'
import { openWorld, type GenerativeWorld } from './world.ts'

export interface KillsOptions {
  readonly seed: number
  readonly kills: number
  readonly users: number
  /** between two kills */
  readonly everyMs: number
}

export interface KillsReport {
  readonly calls: number
  readonly answered: number
  readonly kills: number
  readonly violations: readonly string[]
}

const AT_ONCE = 3

export async function playKills({ seed, kills, users, everyMs }: KillsOptions): Promise<KillsReport> {
  const world = await openWorld()
  const judge = new Judge(world.behaviours)
  const sessions = await Promise.all(Array.from({ length: users }, (_, at) => openSession(world, at)))
  let killed = 0
  let answered = 0
  let calls = 0
  const isOver = (): boolean => killed >= kills
  const work = async (session: SessionRecord, at: number): Promise<void> => {
    const random = new Random(seed + 1 + at)
    for (let n = 0; !isOver(); n++) {
      const call = startCall(world, session, { nonce: `${at + 1}.${n + 1}`, plan: makeCall(random) })
      judge.add(call)
      await call.exchange.done
      judge.call(call)
      calls++
      if (call.exchange.messages.some((message) => message.result !== undefined)) answered++
    }
  }
  const kill = async (): Promise<void> => {
    const random = new Random(seed)
    while (!isOver()) {
      for (let n = 0; n < AT_ONCE; n++) killed += killOne(world, random, sessions)
      await new Promise((resolve) => void setTimeout(resolve, everyMs))
    }
  }
  await Promise.all([kill(), ...sessions.map(work)])
  const violations = [...judge.violations, ...world.behaviours.violations, ...world.errors]
  const booked = world.audit.filter(({ action }) => action === 'tools/call').length
  if (booked !== calls) violations.push(`${booked} audit records of ${calls} calls`)
  if (world.inFlight() + world.slots() > 0) violations.push(`${world.inFlight()} calls and ${world.slots()} slots left`)
  await world.close()
  return { calls, answered, kills: killed, violations }
}

function makeCall(random: Random): CallPlan {
  return {
    caller: 'a1',
    server: random.pick(SERVERS),
    act: random.pick(STEADY_ACTS),
    // the same for everybody, all the time
    id: random.below(3),
    token: random.chance(0.5) ? random.below(2) : null,
    accept: 'both',
    bare: false,
    ms: 1 + random.below(20),
  }
}

/** A server process now and then; else a child. */
function killOne(world: GenerativeWorld, random: Random, sessions: readonly SessionRecord[]): number {
  const victim = random.choose<(typeof SERVERS)[number]>([
    ['web', 1],
    ['now', 1],
    ['pool', 2],
    ['own', 10],
    ['each', 10],
  ])
  if (victim !== 'web' && victim !== 'now') return world.children.crash(victim, random.pick(sessions).person.userId)
  world[victim].crash()
  return 1
}

async function openSession(world: GenerativeWorld, at: number): Promise<SessionRecord> {
  const key = world.authenticator.addKey(`user-${at}`)
  const { userId } = world.authenticator.principal(key)
  const person: Person = { who: 'a', key, userId, value: `value-${at}`, isRevoked: false, hidden: new Set() }
  world.variables.set(userId, 'USER_TOKEN', person.value)
  world.access.hide(userId, 'secret')
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'kills', version: '1' } }
  const exchange = send(world, { key, body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }) })
  await exchange.done
  const row = world.sessionStore.rows.find((one) => one.userId === userId)
  if (exchange.sessionId === null || row === undefined) throw new Error(`no session: ${exchange.text}`)
  return { caller: 'a1', person, sealed: exchange.sessionId, id: row.id, canElicit: false, isEnded: false, streams: [] }
}

function startCall(
  world: GenerativeWorld,
  session: SessionRecord,
  { nonce, plan }: { readonly nonce: string; readonly plan: CallPlan },
): CallRecord {
  const { act, id, ms, server, token } = plan
  const meta = token === null ? {} : { _meta: { progressToken: token } }
  const params = { name: `${server}__do`, arguments: { nonce, act, ms }, ...meta }
  const startedAt = world.clock()
  const startedTime = performance.now()
  const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })
  const { person } = session
  const call: CallRecord = {
    nonce,
    plan,
    person,
    session,
    link: linkOf(plan, person, session),
    exchange: send(world, { key: person.key, body, headers: { 'mcp-session-id': session.sealed } }),
    startedAt,
    startedTime,
    doneAt: Infinity,
    refusal: null,
    canBeAsked: false,
    isBatched: false,
    mays: new Set(),
    values: new Set([person.value]),
  }
  void call.exchange.done.then(() => {
    call.doneAt = world.clock()
  })
  return call
}

function send(world: GenerativeWorld, plan: Pick<RequestPlan, 'key' | 'body' | 'headers'>): Exchange {
  return new Exchange(world.agent, world.url, { ...plan, method: 'POST', path: '/mcp' })
}
