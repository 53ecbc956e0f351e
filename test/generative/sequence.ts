// Plays one random sequence on a world: two people, their sessions, everything they send and everything that breaks; then hands what came back to the
// judge and looks that nothing is left over.
import { ACCEPT, MODERN_META, modernHeaders, type Message, type RequestPlan } from './client.ts'
import type { Judge } from './judge.ts'
import { Parties } from './parties.ts'
import type { CallerName, CallPlan, Step } from './plan.ts'
import { hasSession, isModern, isOpen, linkOf, type CallRecord, type Person, type SessionRecord } from './records.ts'
import { tag } from './upstream.ts'
import { eventually, type GenerativeWorld } from './world.ts'

/** what the calls of one sequence may take together, when nothing hangs */
const END_MS = 20_000
const REACHES_MS = 2_000

type Steps = { readonly [kind in Step['kind']]: (step: Step & { readonly kind: kind }) => Promise<void> | void }

/** A question as a client got it. */
interface Asked {
  readonly id: unknown
  readonly call: CallRecord
  /** of the call whose server asked */
  readonly nonce: string
}

export class Sequence {
  readonly #world: GenerativeWorld
  readonly #judge: Judge
  readonly #parties: Parties
  readonly #index: number
  readonly #calls: CallRecord[] = []
  readonly #asked: Asked[] = []
  #count = 0

  constructor(world: GenerativeWorld, judge: Judge, index: number) {
    this.#world = world
    this.#judge = judge
    this.#index = index
    this.#parties = new Parties(world, judge.violations, index)
  }

  async play(steps: readonly Step[]): Promise<void> {
    await this.#parties.open()
    for (const step of steps) await (this.#steps[step.kind] as (step: Step) => Promise<void> | void)(step)
    await this.#finish()
    for (const call of this.#calls) this.#judge.call(call)
    await this.#parties.close(this.#judge)
  }

  readonly #steps: Steps = {
    call: ({ call }) => this.#call(call),
    batch: ({ calls }) => this.#batch(calls),
    cancel: ({ of }) => this.#cancel(of),
    falseCancel: ({ of, by }) => this.#falseCancel(of, by),
    drop: ({ of }) => this.#drop(of),
    release: ({ of }) => this.#release(of),
    answer: ({ of }) => this.#answer(of),
    falseAnswer: ({ of }) => this.#falseAnswer(of),
    pause: ({ ms }) => pause(ms),
    settle: () => this.#settle(),
    restart: async () => {
      await this.#settle()
      this.#world.restart()
    },
    forget: () => this.#world.web.forget(),
    list: ({ by }) => this.#parties.list(by),
    hidden: ({ by }) => this.#parties.hidden(by),
    malformed: ({ by }) => this.#parties.malformed(by),
    stream: ({ by }) => this.#parties.stream(by),
    hijack: ({ by }) => this.#parties.hijack(by),
    end: ({ by }) => this.#end(by),
    hide: ({ who, server }) => {
      const person = this.#parties.person(who)
      for (const call of this.#open())
        if (call.person === person && call.plan.server === server) call.mays.add('hidden')
      this.#parties.hide(person, server, true)
    },
    show: ({ who, server }) => {
      const person = this.#parties.person(who)
      for (const call of this.#open()) {
        const isOnItsWay = call.person === person && call.plan.server === server && person.hidden.has(server)
        if (!isOnItsWay || person.isRevoked || call.session?.isEnded === true) continue
        call.refusal = null
        call.mays.add('hidden')
      }
      this.#parties.hide(person, server, false)
    },
    crash: ({ who, server }) => {
      if (server === 'web' || server === 'now') this.#world[server].crash()
      else void this.#world.children.crash(server, this.#parties.person(who).userId)
    },
    rotate: ({ who }) => {
      const person = this.#parties.person(who)
      this.#parties.rotate(person)
      for (const call of this.#open()) if (call.person === person) call.values.add(person.value)
    },
    revoke: ({ who, silently }) => {
      const person = this.#parties.person(who)
      return this.#revoke(person, silently)
    },
  }

  // --- calls ---

  #call(plan: CallPlan): void {
    const nonce = this.#nonce()
    const request = { ...this.#message(plan, nonce), accept: ACCEPT[plan.accept] }
    const startedAt = this.#world.clock()
    const exchange = this.#parties.send(plan.caller, request, (message) => this.#onMessage(nonce, message))
    this.#parties.expect(exchange, 1)
    this.#remember({ plan, nonce, exchange, startedAt, isBatched: false })
  }

  #batch(plans: readonly CallPlan[]): void {
    const nonces = plans.map(() => this.#nonce())
    const body = JSON.stringify(plans.map((plan, at) => JSON.parse(this.#message(plan, nonces[at]!).body ?? '')))
    const startedAt = this.#world.clock()
    const exchange = this.#parties.send('aBatch', { method: 'POST', path: '/mcp', body })
    this.#parties.expect(exchange, plans.length)
    plans.forEach((plan, at) => this.#remember({ plan, nonce: nonces[at]!, exchange, startedAt, isBatched: true }))
  }

  #nonce(): string {
    return `${this.#index}.${++this.#count}`
  }

  #remember(sent: Pick<CallRecord, 'plan' | 'nonce' | 'exchange' | 'startedAt' | 'isBatched'>): void {
    const { plan, exchange, isBatched } = sent
    const person = this.#parties.of(plan.caller)
    const session = this.#parties.session(plan.caller)
    const call: CallRecord = {
      ...sent,
      person,
      session,
      link: linkOf(plan, person, session),
      startedTime: performance.now(),
      doneAt: Infinity,
      refusal: refusalOf(person, session, plan),
      canBeAsked: session?.canElicit === true && plan.accept !== 'json' && !isBatched,
      mays: new Set(),
      values: new Set([person.value]),
    }
    void exchange.done.then(() => {
      call.doneAt = this.#world.clock()
    })
    this.#judge.add(call)
    this.#calls.push(call)
  }

  #message(plan: CallPlan, nonce: string): Omit<RequestPlan, 'key'> {
    const { caller, server, act, id, token, ms } = plan
    const name = isBare(plan) ? 'do' : `${server}__do`
    const meta: Record<string, unknown> = token === null ? {} : { progressToken: token }
    if (isModern(caller)) Object.assign(meta, MODERN_META)
    const params = {
      name,
      arguments: { nonce, act, ms },
      ...(Object.keys(meta).length > 0 ? { _meta: meta } : {}),
    }
    return {
      method: 'POST',
      path: isBare(plan) ? `/mcp/${server}` : '/mcp',
      headers: isModern(caller) ? modernHeaders('tools/call', name) : {},
      body: JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params }),
    }
  }

  /** A question of a server on a call's stream. */
  #onMessage(nonce: string, message: Message): void {
    if (message.method !== 'elicitation/create') return
    const call = this.#calls.find((one) => one.nonce === nonce)
    const asked = /<k(\d+\.\d+)>/.exec(JSON.stringify(message.params))?.[1]
    if (call !== undefined && asked !== undefined) this.#asked.push({ id: message.id, call, nonce: asked })
  }

  // --- what clients do about calls under way ---

  #open(): CallRecord[] {
    return this.#calls.filter(isOpen)
  }

  #pickOpen(of: number, fits: (call: CallRecord) => boolean = () => true): CallRecord | undefined {
    const open = this.#open().filter(fits)
    return open[of % Math.max(open.length, 1)]
  }

  #arrived(call: CallRecord): Promise<boolean> {
    return eventually(() => this.#world.behaviours.arrivals.has(call.nonce) || !isOpen(call), REACHES_MS)
  }

  async #cancel(of: number): Promise<void> {
    const call = this.#pickOpen(of, ({ session }) => session !== null)
    if (call === undefined) return
    await this.#arrived(call)
    // one whose client left goes on under its id
    const isRunning = (one: CallRecord) => isOpen(one) || this.#world.behaviours.isHeld(one.nonce)
    const same = this.#calls.filter(
      (one) => one.session === call.session && one.plan.id === call.plan.id && isRunning(one),
    )
    for (const one of same) one.mays.add('canceled')
    const isSure = same.length === 1 && this.#isHeld(call) && !call.session!.isEnded
    await this.#parties.notify(call.plan.caller, 'notifications/cancelled', { requestId: call.plan.id })
    if (isSure) await this.#mustStop(call)
  }

  /** Another session names the id: its own calls may end, no other. */
  async #falseCancel(of: number, by: CallerName): Promise<void> {
    const call = this.#pickOpen(of, (one) => one.plan.caller !== by)
    if (call === undefined) return
    for (const one of this.#calls) {
      if (one.plan.caller === by && one.plan.id === call.plan.id) one.mays.add('canceled')
    }
    await this.#parties.notify(by, 'notifications/cancelled', { requestId: call.plan.id })
  }

  async #drop(of: number): Promise<void> {
    const call = this.#pickOpen(of)
    if (call === undefined) return
    await this.#arrived(call)
    if (!isOpen(call)) return
    const isSure = isModern(call.plan.caller) && this.#isHeld(call)
    for (const one of this.#calls) if (one.exchange === call.exchange) one.mays.add('dropped')
    call.exchange.drop()
    if (isSure) await this.#mustStop(call)
  }

  #isHeld(call: CallRecord): boolean {
    return isOpen(call) && call.mays.size === 0 && this.#world.behaviours.isHeld(call.nonce)
  }

  async #revoke(person: Person, silently: boolean): Promise<void> {
    const waiting = this.#open().find((call) => call.person === person && call.plan.act === 'held')
    if (waiting !== undefined) await this.#arrived(waiting)
    const theirs = this.#open().filter((call) => call.person === person)
    const held = theirs.filter((call) => this.#isHeld(call))
    for (const call of theirs) call.mays.add('revoked')
    this.#parties.revoke(person, silently)
    await eventually(() => !held.some(isOpen), REACHES_MS)
    for (const call of held.filter(isOpen)) this.#judge.violations.push(`${call.nonce} outlived its key`)
  }

  async #mustStop(call: CallRecord): Promise<void> {
    const { behaviours } = this.#world
    const isBroken = () =>
      behaviours.faults.some(({ at, link }) => at >= call.startedAt && (link === call.link || link === 'lost'))
    if (await eventually(() => behaviours.stopped.has(call.nonce) || isBroken(), REACHES_MS)) return
    this.#judge.violations.push(
      `${call.nonce} was canceled (${call.plan.caller} ${call.plan.server}), and its server never told`,
    )
  }

  async #release(of: number): Promise<void> {
    const call = this.#pickOpen(of, (one) => this.#world.behaviours.isHeld(one.nonce))
    if (call === undefined) return
    this.#world.behaviours.release(call.nonce)
    if (call.mays.size === 0) await Promise.race([call.exchange.done, pause(100)])
  }

  /** One of the questions that clients were asked; waits a moment for one that is on its way. */
  async #pickAsked(of: number): Promise<Asked | undefined> {
    const isExpected = () => this.#open().some(({ canBeAsked, plan }) => canBeAsked && plan.act === 'ask')
    if (isExpected()) await eventually(() => this.#asked.length > 0 || !isExpected(), 50)
    return this.#asked[of % Math.max(this.#asked.length, 1)]
  }

  async #answer(of: number): Promise<void> {
    const asked = await this.#pickAsked(of)
    if (asked === undefined) return
    await this.#reply(asked.call.plan.caller, asked.id, tag('a', asked.nonce))
  }

  /** Somebody else answers, in a session of their own. */
  async #falseAnswer(of: number): Promise<void> {
    const asked = await this.#pickAsked(of)
    if (asked === undefined) return
    for (const other of ['a1', 'a2', 'b1'] as const) {
      if (other !== asked.call.plan.caller) await this.#reply(other, asked.id, tag('e', asked.nonce))
    }
  }

  #reply(caller: CallerName, id: unknown, text: string): Promise<void> {
    return this.#parties.post(caller, { jsonrpc: '2.0', id, result: { action: 'accept', content: { a: text } } })
  }

  async #end(by: CallerName): Promise<void> {
    const session = this.#parties.session(by)
    for (const call of this.#open()) if (call.session === session) call.mays.add('ended')
    await this.#parties.end(by)
  }

  /** Whoever waits for something gets it; then everything that was asked has ended. */
  async #settle(): Promise<void> {
    const { behaviours } = this.#world
    const isOver = await eventually(async () => {
      for (const call of this.#calls) behaviours.release(call.nonce)
      for (const asked of this.#asked.splice(0)) {
        await this.#reply(asked.call.plan.caller, asked.id, tag('a', asked.nonce))
      }
      return this.#open().length === 0
    }, END_MS)
    if (isOver) return
    for (const call of this.#open()) {
      this.#judge.violations.push(
        `${call.nonce} (${JSON.stringify(call.plan)}) was never answered: ${call.exchange.text.slice(0, 300)}`,
      )
      call.mays.add('dropped')
      call.exchange.drop()
    }
  }

  async #finish(): Promise<void> {
    await this.#settle()
    // who left may have left behind what still runs: nothing of it may be in the way of anybody
    for (const call of this.#calls) this.#world.behaviours.release(call.nonce)
  }
}

function refusalOf(person: Person, session: SessionRecord | null, plan: CallPlan): CallRecord['refusal'] {
  if (person.isRevoked) return 'http401'
  if (session?.isEnded) return 'http404'
  if (!person.hidden.has(plan.server)) return null
  return isBare(plan) ? 'http404' : 'hub:invalid_params'
}

const isBare = ({ bare, caller }: CallPlan): boolean => bare && !hasSession(caller)

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms))
}
