// The model: what may be seen of a call, whatever happened around it. Everything here follows from who asked, how the server behaved and what was
// broken meanwhile; nothing from how the hub does it.
import type { Exchange, Message } from './client.ts'
import { STEPS, type Behaviours, type Fault } from './upstream.ts'
import { isModern, type CallRecord, type SessionRecord } from './records.ts'

const UNNOTICED_MS = 100
const TAG = /<([a-z])(\d+\.\d+)>/g
const BROKEN = ['hub:upstream_lost', 'hub:upstream_error', 'hub:server_unavailable', 'hub:sandbox_failed', 'lost']
/** seen by nobody but the call that it is for */
const OWN = new Set(['r', 'z', 'f', 'p', 'h', 'a'])

export class Judge {
  readonly #behaviours: Behaviours
  /** every call ever made in this world */
  readonly #calls = new Map<string, CallRecord>()
  /** upstream conversation → whose it is */
  readonly #owners = new Map<string, string>()
  readonly violations: string[] = []

  constructor(behaviours: Behaviours) {
    this.#behaviours = behaviours
  }

  add(call: CallRecord): void {
    this.#calls.set(call.nonce, call)
  }

  /** All that is known of this sequence's calls is in. */
  call(call: CallRecord): void {
    const answers = answersOf(call)
    const outcome = outcomeOf(call, answers)
    this.#checkAnswers(call, answers)
    if (!this.#allowed(call).has(outcome)) this.#say(call, `ended with ${outcome}`)
    this.#checkTags(call, outcome)
    this.#checkProgress(call, outcome)
    this.#checkArrivals(call, outcome)
    this.#checkLeft(call, outcome)
    if (call.plan.act === 'ask') this.#checkAsked(call, outcome)
  }

  stream(stream: Exchange, session: SessionRecord): void {
    for (const [kind, nonce] of tagsOf(stream.text)) {
      const from = this.#calls.get(nonce)
      const isTheirs = from !== undefined && from.person === session.person && from.plan.server !== 'pool'
      const isItsOwn = from?.plan.server !== 'each' || from.session === session || from.session === null
      if (kind !== 'l' || !isTheirs || !isItsOwn)
        this.violations.push(`${session.caller}'s stream shows <${kind}${nonce}>`)
    }
  }

  #say(call: CallRecord, what: string): void {
    const { act, caller, server } = call.plan
    const arrived = this.#behaviours.arrivals.get(call.nonce)?.length ?? 0
    const mays = [...call.mays].join('+')
    const shown = call.exchange.text.replace(/x{40,}/g, 'x…').slice(0, 600)
    this.violations.push(`${call.nonce} (${caller} ${server} ${act} ${mays}, arrived ${arrived}×) ${what}: ${shown}`)
  }

  /** At most one answer, with the id that was asked with, after everything else. */
  #checkAnswers(call: CallRecord, answers: readonly Message[]): void {
    const { exchange, plan, isBatched } = call
    if (exchange.end === 'whole' && exchange.status === 200 && answers.length !== 1) {
      this.#say(call, `has ${answers.length} answers with its id ${JSON.stringify(plan.id)}`)
    }
    if (isBatched) return
    const all = exchange.messages.filter((message) => message.method === undefined)
    if (all.length > 1) this.#say(call, `was answered ${all.length} times`)
    if (all.length > 0 && exchange.messages.at(-1) !== all[0]) this.#say(call, 'was told something after its answer')
    const isComplete =
      answers[0]?.result === undefined || !isModern(plan.caller) || answers[0].result['resultType'] === 'complete'
    if (!isComplete) this.#say(call, 'has no result of its era')
  }

  #allowed(call: CallRecord): Set<string> {
    if (call.refusal !== null) {
      const late = [...call.mays].filter((may) => may === 'dropped' || may === 'revoked').map((may) => MAYS[may][0])
      return new Set([call.refusal, ...late])
    }
    const allowed = new Set(ends(call))
    for (const may of call.mays) for (const outcome of MAYS[may]) allowed.add(outcome)
    if (isPassedOn(call) && (call.mays.has('canceled') || call.mays.has('ended'))) allowed.add('lost')
    const met = this.#met(call)
    if (met.some(({ link }) => link === call.link)) for (const outcome of BROKEN) allowed.add(outcome)
    // once it is repeated on a new session; a server that loses that one too has refused it
    if (call.plan.server === 'web' && met.filter(({ link }) => link === 'lost').length > 1) {
      for (const outcome of BROKEN) allowed.add(outcome)
    }
    return allowed
  }

  /** Faults while it was under way. */
  #met({ doneAt, startedAt, startedTime }: CallRecord): Fault[] {
    return this.#behaviours.faults.filter(
      ({ at, time }) => at <= doneAt && (at >= startedAt || startedTime - time < UNNOTICED_MS),
    )
  }

  #checkTags(call: CallRecord, outcome: string): void {
    const own = new Map<string, number>()
    for (const [kind, nonce] of tagsOf(call.exchange.text)) {
      if (nonce === call.nonce) own.set(kind, (own.get(kind) ?? 0) + 1)
      if (!this.#mayShow(call, kind, nonce)) this.#say(call, `shows <${kind}${nonce}>`)
    }
    const wants = outcome === 'result' || outcome === 'toolError'
    if ((own.get('r') ?? 0) > 1 || (wants && own.get('r') !== 1)) this.#say(call, `has ${own.get('r') ?? 0} results`)
    const isLong = call.plan.act === 'big' || call.plan.act === 'slices'
    if (outcome === 'result' && isLong && own.get('z') !== 1) this.#say(call, 'is not whole')
  }

  #mayShow(call: CallRecord, kind: string, nonce: string): boolean {
    const from = this.#calls.get(nonce)
    if (from === undefined) return false
    const isOwn = from === call || (call.isBatched && from.exchange === call.exchange)
    if (OWN.has(kind)) return isOwn
    if (kind !== 'l' && kind !== 'k') return false
    // a child of one person: its words go to one of that person's calls, it cannot be known to which
    const isSameChild = from.link === call.link && from.person === call.person && call.plan.server !== 'pool'
    const isHttp = call.plan.server === 'web' || call.plan.server === 'now'
    if (call.plan.server === 'now' && kind === 'k') return false
    return isHttp ? isOwn : isSameChild && (kind === 'l' || call.canBeAsked)
  }

  #checkProgress(call: CallRecord, outcome: string): void {
    const { exchange, plan, isBatched } = call
    if (isBatched) return
    const told = exchange.messages.filter((message) => message.method === 'notifications/progress')
    const values = told.map((message) => Number(message.params?.['progress']))
    if (told.some((message) => message.params?.['progressToken'] !== plan.token)) this.#say(call, 'has a foreign token')
    if (values.some((value, at) => at > 0 && value <= values[at - 1]!)) this.#say(call, `has progress ${values.join()}`)
    const hears = plan.token !== null && plan.accept !== 'json' && plan.act === 'progress' && outcome === 'result'
    const isFaint = values.filter((value) => value >= 1).length !== STEPS
    if (hears && isFaint) this.#say(call, `has progress ${values.join()} instead of ${STEPS} steps`)
  }

  /** `tools/call` is never sent twice, and only on behalf of who asked. */
  #checkArrivals(call: CallRecord, outcome: string): void {
    const arrivals = this.#behaviours.arrivals.get(call.nonce) ?? []
    const isAnswered = outcome === 'result' || outcome === 'toolError' || outcome === 'fault'
    if (arrivals.length > 1) this.#say(call, `was made ${arrivals.length} times`)
    if (isAnswered && arrivals.length === 0) this.#say(call, 'was answered without its server')
    if (call.refusal !== null && arrivals.length > 0) this.#say(call, 'was refused, and made')
    const isShared = call.plan.server === 'pool'
    for (const { userId, server, value, conversation } of arrivals) {
      if (server !== call.plan.server) this.#say(call, `went to ${server}`)
      if (userId !== (isShared ? null : call.person.userId)) this.#say(call, `went out as ${userId}`)
      if (isShared ? value !== null : !call.values.has(value ?? '')) this.#say(call, `went out with ${value}`)
      if (!isShared) this.#checkOwner(call, conversation)
    }
  }

  #checkOwner(call: CallRecord, conversation: string): void {
    const { person, session, plan } = call
    const owner = plan.server === 'own' ? person.userId : `${person.userId} ${session?.id ?? 'none'}`
    const known = this.#owners.get(conversation) ?? owner
    if (known !== owner) this.#say(call, `shares ${conversation} with ${known}`)
    this.#owners.set(conversation, owner)
  }

  /** 2025-11-25: who leaves has not canceled. */
  #checkLeft(call: CallRecord, outcome: string): void {
    if (isModern(call.plan.caller) || outcome !== 'dropped' || call.plan.act !== 'held') return
    const isOut = call.person.isRevoked || call.session?.isEnded === true
    const isHurt = isOut || call.mays.size > 1 || this.#behaviours.faults.some(({ at }) => at >= call.startedAt)
    if (!isHurt && this.#behaviours.stopped.has(call.nonce)) this.#say(call, 'was stopped when its client left')
  }

  /** Its question is answered once, by whom it was asked, or refused. */
  #checkAsked(call: CallRecord, outcome: string): void {
    const answers = this.#behaviours.answers.get(call.nonce) ?? []
    if (answers.length > 1) this.#say(call, `was told ${answers.length} answers to its question`)
    const isKnown = answers.every((text) => text === 'refused' || text.includes(`<a${call.nonce}>`))
    if (!isKnown) this.#say(call, `was told ${answers.join()} in answer to its question`)
    const { server } = call.plan
    const isSure =
      call.canBeAsked && call.mays.size === 0 && outcome === 'result' && (server === 'web' || server === 'each')
    if (isSure && answers[0] === 'refused') this.#say(call, 'was not asked')
  }
}

const MAYS = {
  canceled: ['hub:canceled'],
  dropped: ['dropped'],
  revoked: ['http401', 'lost', 'hub:unauthenticated', 'hub:canceled'],
  ended: ['http404', 'hub:canceled'],
  hidden: ['hub:invalid_params', 'http404'],
} as const

/** A large answer that may have begun to leave: it can only be broken off. */
function isPassedOn({ plan, isBatched }: CallRecord): boolean {
  return plan.act === 'big' && (plan.server === 'web' || plan.server === 'now') && !isBatched
}

/** How a call ends when nothing comes between. */
function ends({ plan, isBatched }: CallRecord): readonly string[] {
  const isHttp = plan.server === 'web' || plan.server === 'now'
  switch (plan.act) {
    case 'fault':
      return ['fault']
    case 'toolError':
      return ['toolError']
    case 'wrongId':
    case 'garbage':
      return isHttp ? ['hub:upstream_error'] : ['result']
    case 'malformed':
      return ['hub:upstream_error']
    case 'cut':
      return ['hub:upstream_lost']
    case 'half':
      // passed on as it came, it breaks off for the client too; held for another era or for a batch, it is told
      return isHttp && !isBatched ? ['lost', 'hub:upstream_lost'] : ['hub:upstream_lost']
    case 'never':
      return ['hub:upstream_timeout']
    case 'ask':
      // a person's child may be asked through by another session; a client that did not declare it is told what is missing
      return isModern(plan.caller) ? ['result', 'http400', 'hub:missing_capability'] : ['result']
    default:
      return ['result']
  }
}

function answersOf({ exchange, plan }: CallRecord): Message[] {
  return exchange.messages.filter((message) => message.method === undefined && message.id === plan.id)
}

function outcomeOf({ exchange }: CallRecord, answers: readonly Message[]): string {
  if (exchange.end !== 'whole') return exchange.end
  if (exchange.status !== 200) return `http${exchange.status}`
  const { result, error } = answers[0] ?? {}
  if (error !== undefined) return error.code === -32_050 ? 'fault' : `hub:${error.data?.hubCode ?? error.code}`
  if (result === undefined) return 'nothing'
  return result['isError'] === true ? 'toolError' : 'result'
}

function tagsOf(text: string): [kind: string, nonce: string][] {
  return Array.from(text.matchAll(TAG), ([, kind = '', nonce = '']) => [kind, nonce])
}
