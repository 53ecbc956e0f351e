// How the servers of a random sequence behave: one script per act, the same over HTTP and over a child's pipes. Everything a server says carries a
// tag that names the call it is for, `<kind nonce>`; what nobody may ever see has the kind `e`. Remembers what arrived, for the judge.
import type { Act } from './plan.ts'

export type Clock = () => number

/** What the hub says to a server. */
export interface Rpc {
  readonly id?: string | number
  readonly method?: string
  readonly params?: {
    readonly arguments?: { readonly nonce?: string; readonly act?: Act; readonly ms?: number }
    readonly requestId?: unknown
    readonly _meta?: Readonly<Record<string, unknown>>
  }
  readonly result?: unknown
  readonly error?: unknown
}

/** One `tools/call` as it arrived. */
export interface Arrival {
  readonly nonce: string
  /** the JSON-RPC id: the hub's own */
  readonly id: string | number
  readonly server: string
  /** upstream session, or incarnation of a child */
  readonly conversation: string
  readonly userId: string | null
  /** the person's own value, as the server got it */
  readonly value: string | null
  readonly at: number
}

export interface Fault {
  readonly at: number
  /** ms; a connection that is gone may be used once more before its end is noticed */
  readonly time: number
  /** which calls it can have hurt: `linkKeyOf` */
  readonly link: string
}

/** The way back to the hub of one call. */
export interface Outlet {
  /** one message, as an event or a line */
  say(message: object): void
  /** the answer; over HTTP as plain JSON when nothing was said before */
  answer(message: object): void
  /** the answer, in small pieces that arrive one by one */
  slice(message: object): void
  /** no more events */
  finish(): void
  /** not JSON-RPC in the place of an answer */
  garble(): void
  /** breaks off: before anything, or in the middle of a large answer */
  cut(message: object | null): void
  /** refuses the upstream session, as after a restart; false: this transport has none */
  loseSession(): boolean
  /** a child's pipes carry other calls: what is wrong there is skipped, and the right answer may follow */
  readonly isShared: boolean
}

interface Script {
  readonly arrival: Arrival
  readonly outlet: Outlet
  readonly progressToken: unknown
  readonly ms: number
  readonly isModern: boolean
}

interface Ask {
  readonly nonce: string
  answered(text: string): void
}

const BIG = 'x'.repeat(150_000)

export const tag = (kind: string, nonce: string): string => `<${kind}${nonce}>`

export class Behaviours {
  readonly clock: Clock
  readonly arrivals = new Map<string, Arrival[]>()
  readonly faults: Fault[] = []
  /** nonces whose call the server was told to stop, or whose connection was closed */
  readonly stopped = new Set<string>()
  /** what came back for each question, by the nonce of the call that asked */
  readonly answers = new Map<string, string[]>()
  /** things no server may ever see */
  readonly violations: string[] = []
  readonly #ids = new Set<string>()
  readonly #byId = new Map<string, string>()
  readonly #held = new Map<string, () => void>()
  readonly #asks = new Map<string | number, Ask>()
  readonly #lost = new Set<string>()
  #lastAsk = 0

  constructor(clock: Clock) {
    this.clock = clock
  }

  fault(link: string): void {
    this.faults.push({ at: this.clock(), time: performance.now(), link })
  }

  isHeld(nonce: string): boolean {
    return this.#held.has(nonce)
  }

  /** Lets go of a held call: it is answered now, whoever still waits. */
  release(nonce: string): void {
    const answer = this.#held.get(nonce)
    this.#held.delete(nonce)
    answer?.()
  }

  stop(id: unknown): void {
    const nonce = this.#byId.get(String(id))
    if (nonce !== undefined) this.stopped.add(nonce)
  }

  /** A response of the hub to a question of the server. */
  receiveAnswer(id: unknown, body: { readonly result?: unknown; readonly error?: unknown }): void {
    const ask = this.#asks.get(id as string)
    if (ask === undefined) return void this.violations.push(`an answer to no question: ${JSON.stringify(body)}`)
    const text = body.error === undefined ? JSON.stringify(body.result) : 'refused'
    const known = this.answers.get(ask.nonce) ?? []
    this.answers.set(ask.nonce, [...known, text])
    if (known.length === 0) ask.answered(text)
  }

  play(script: Script, act: Act): void {
    const { arrival, outlet } = script
    const { nonce, id } = arrival
    if (act === 'lost' && !this.#lost.has(nonce)) {
      this.#lost.add(nonce)
      if (outlet.loseSession()) return
    }
    const known = this.arrivals.get(nonce) ?? []
    this.arrivals.set(nonce, [...known, arrival])
    if (this.#ids.has(String(id))) this.violations.push(`the id ${id} was used for two calls`)
    this.#ids.add(String(id))
    this.#byId.set(String(id), nonce)
    SCRIPTS[act](script, this)
  }

  hold(nonce: string, answer: () => void): void {
    this.#held.set(nonce, answer)
  }

  ask({ arrival, outlet }: Script, answered: (text: string) => void): void {
    const count = ++this.#lastAsk
    const id = count % 2 === 0 ? count : `ask-${count}`
    this.#asks.set(id, { nonce: arrival.nonce, answered })
    outlet.say({ jsonrpc: '2.0', id, method: 'elicitation/create', params: { message: tag('k', arrival.nonce) } })
  }

  /** The id of another call, of another conversation. */
  foreignId({ conversation }: Arrival): string {
    const others = [...this.arrivals.values()].flat().slice(-20)
    const other = others.findLast((one) => one.conversation !== conversation)
    return String(other?.id ?? 'nobody')
  }
}

function result({ arrival, isModern }: Script, kind: string, more = '', isError = false): object {
  const content = [{ type: 'text', text: `${tag(kind, arrival.nonce)}${more}` }]
  const shaped = { ...(isModern ? { resultType: 'complete' } : {}), content, ...(isError ? { isError } : {}) }
  return { jsonrpc: '2.0', id: arrival.id, result: shaped }
}

function progress({ arrival, outlet }: Script, token: unknown, count: number, kind = 'p'): void {
  const params = { progressToken: token, progress: count, message: `${tag(kind, arrival.nonce)}#${count}` }
  outlet.say({ jsonrpc: '2.0', method: 'notifications/progress', params })
}

const notify = ({ outlet }: Script, method: string, params?: object): void =>
  outlet.say({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) })

function later({ ms }: Script, then: () => void): void {
  setTimeout(then, ms)
}

const echo = (script: Script): void => script.outlet.answer(result(script, 'r'))

/** How many steps `progress` reports. */
export const STEPS = 3

const SCRIPTS: Readonly<Record<Act, (script: Script, all: Behaviours) => void>> = {
  echo,
  later: (script) => later(script, () => echo(script)),
  big: (script) => script.outlet.answer(result(script, 'r', `${BIG}${tag('z', script.arrival.nonce)}`)),
  slices: (script) => script.outlet.slice(result(script, 'r', tag('z', script.arrival.nonce))),
  fault: (script) => {
    const { id, nonce } = script.arrival
    script.outlet.answer({ jsonrpc: '2.0', id, error: { code: -32_050, message: tag('f', nonce) } })
  },
  toolError: (script) => script.outlet.answer(result(script, 'r', '', true)),
  progress: (script) => {
    const { progressToken } = script
    let count = 0
    const step = (): void => {
      if (count === STEPS) return echo(script)
      count++
      if (progressToken !== undefined) progress(script, progressToken, count)
      setTimeout(step, script.ms / STEPS)
    }
    step()
  },
  foreignProgress: (script, all) => {
    progress(script, 'foreign', 1, 'e')
    progress(script, all.foreignId(script.arrival), 1, 'e')
    later(script, () => echo(script))
  },
  twice: (script) => {
    script.outlet.say(result(script, 'r'))
    script.outlet.say(result(script, 'e'))
    script.outlet.finish()
  },
  wrongId: (script, all) => {
    const { arrival, outlet } = script
    outlet.say({ ...result(script, 'e'), id: all.foreignId(arrival) })
    if (outlet.isShared) later(script, () => echo(script))
    else outlet.finish()
  },
  garbage: (script) => {
    script.outlet.garble()
    if (script.outlet.isShared) later(script, () => echo(script))
  },
  malformed: (script) => {
    const { id } = script.arrival
    script.outlet.answer({ ...result(script, 'e'), error: { code: 1, message: tag('e', String(id)) } })
  },
  cut: (script) => script.outlet.cut(null),
  half: (script) => script.outlet.cut(result(script, 'h', BIG)),
  held: (script, all) => all.hold(script.arrival.nonce, () => echo(script)),
  never: () => undefined,
  ask: (script, all) => {
    // 2026-07-28 has no requests of servers: it is on nobody to answer this one
    if (script.isModern) later(script, () => echo(script))
    all.ask(script, (text) => script.isModern || script.outlet.answer(result(script, 'r', text)))
  },
  log: (script) => {
    notify(script, 'notifications/message', { level: 'info', data: tag('l', script.arrival.nonce) })
    later(script, () => echo(script))
  },
  lost: echo,
  late: (script) => {
    script.outlet.say(result(script, 'r'))
    if (script.progressToken !== undefined) progress(script, script.progressToken, 9, 'e')
    notify(script, 'notifications/message', { level: 'info', data: tag('l', script.arrival.nonce) })
    script.outlet.finish()
  },
  changed: (script) => {
    notify(script, 'notifications/tools/list_changed')
    later(script, () => echo(script))
  },
}
