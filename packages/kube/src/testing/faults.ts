// What can go wrong at an API server, on demand: answers it gives under load, connections that break before or after the work was done,
// watches that fall silent or talk nonsense. A fault meets the calls its `when` accepts, as often as `times` says.
import type { FakeCall } from './fake-request.ts'

export type FaultAction =
  | {
      readonly answer: {
        readonly code: number
        readonly reason: string
        readonly message?: string
        readonly retryAfterSeconds?: number
      }
    }
  /** `before`: the call is lost; `after`: the work is done and its answer is lost */
  | { readonly drop: 'before' | 'after' }
  | { readonly delayMs: number }
  /** nothing is done before this is settled */
  | { readonly hold: Promise<unknown> }
  /** the watch is accepted and says nothing */
  | { readonly silent: true }
  /** the list comes back without anything in it, as from a server that was restored and has not read its data yet */
  | { readonly empty: true }
  /** the watch's first line is no event */
  | { readonly garble: true }

export interface Fault {
  readonly when: (call: FakeCall) => boolean
  readonly act: FaultAction
  /** default: always, until it is taken back */
  readonly times?: number
}

export class Faults {
  #active: { readonly fault: Fault; left: number }[] = []

  /** @returns takes it back */
  inject(fault: Fault): () => void {
    const entry = { fault, left: fault.times ?? Infinity }
    this.#active.push(entry)
    return () => void (this.#active = this.#active.filter((other) => other !== entry))
  }

  next(call: FakeCall): FaultAction | null {
    const entry = this.#active.find(({ fault, left }) => left > 0 && fault.when(call))
    if (!entry) return null
    entry.left--
    return entry.fault.act
  }
}

export const isWrite = ({ method }: FakeCall): boolean => method !== 'GET'
