// How long a sandbox stays awake: `spec.activeUntilTime`, extended by traffic like a lease. The one file where an idle decision is made in the
// gateway. Pure.
import { effectiveLimits } from '@mcphub/api'
import type { CatalogGroup, CatalogServer } from '../../catalog/catalog.ts'

/** How long without a call: the longest that a group of its person names, else the server's, else the hub's. In ms. */
export function idleMsOf(
  server: Pick<CatalogServer, 'spec'>,
  groups: readonly CatalogGroup[],
  otherwiseMs: number,
): number {
  const seconds = effectiveLimits(groups).idleTimeoutSeconds ?? server.spec.stdio?.idleTimeoutSeconds
  return seconds === undefined ? otherwiseMs : seconds * 1000
}

export interface LeaseFacts {
  /** ms since the epoch, as all times here */
  readonly now: number
  readonly until: number
  readonly idleMs: number
  readonly lastActiveAt: number
  /** a call is in flight */
  readonly isHeld: boolean
}

/** Differences that no write is worth. */
const SLACK_MS = 2_000

/**
 * The new end, or null: nothing is to be written. Extended only once less than half remains, and then to an idle time after the last call: one
 * write in half an idle time however many calls come. Shortened when it lies further ahead than any call could have put it.
 */
export function judgeLease({ now, until, idleMs, lastActiveAt, isHeld }: LeaseFacts): number | null {
  if (isBeyond(until, { now, idleMs })) return now + idleMs
  if (until - now >= idleMs / 2) return null
  const wanted = (isHeld ? now : lastActiveAt) + idleMs
  return wanted > Math.max(until, now) + Math.min(SLACK_MS, idleMs / 10) ? wanted : null
}

/** Whether it lies further ahead than any call could have put it. */
export const isBeyond = (until: number, { now, idleMs }: Pick<LeaseFacts, 'now' | 'idleMs'>): boolean =>
  until > now + idleMs + Math.max(SLACK_MS, idleMs / 10)

export const toTime = (at: number): string => new Date(at).toISOString()
export const fromTime = (text: string | undefined): number => (text === undefined ? 0 : Date.parse(text))
