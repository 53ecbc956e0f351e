// What a sequence remembers of people, sessions and calls, for the judge.
import { linkKeyOf } from './children.ts'
import type { Exchange } from './client.ts'
import type { CallerName, CallPlan } from './plan.ts'

export interface Person {
  readonly who: 'a' | 'b'
  readonly key: string
  readonly userId: string
  /** the value of USER_TOKEN */
  value: string
  isRevoked: boolean
  readonly hidden: Set<string>
}

export interface SessionRecord {
  readonly caller: CallerName
  readonly person: Person
  readonly sealed: string
  /** what the hub's own parts call it */
  readonly id: string
  readonly canElicit: boolean
  isEnded: boolean
  readonly streams: Exchange[]
}

/** What may have come between a call and the answer its server gives. */
export type May = 'canceled' | 'dropped' | 'revoked' | 'ended' | 'hidden'

export interface CallRecord {
  readonly nonce: string
  readonly plan: CallPlan
  readonly person: Person
  readonly session: SessionRecord | null
  /** whose conversation upstream */
  readonly link: string
  readonly exchange: Exchange
  readonly startedAt: number
  readonly startedTime: number
  doneAt: number
  /** what the hub must say where it sends nothing on */
  refusal: 'http401' | 'http404' | 'hub:invalid_params' | null
  readonly canBeAsked: boolean
  readonly isBatched: boolean
  readonly mays: Set<May>
  /** the person's values a server may have been given with it */
  readonly values: Set<string>
}

export const isModern = (caller: CallerName): boolean => caller.endsWith('Modern')
export const hasSession = (caller: CallerName): boolean => !isModern(caller) && !caller.endsWith('Plain')

export function linkOf(plan: CallPlan, person: Person, session: SessionRecord | null): string {
  return linkKeyOf(plan.server, person.userId, session?.id ?? null)
}

export const isOpen = (call: CallRecord): boolean => call.exchange.end === 'open'
