// Which limit a running child has reached, as one pure function; the pool asks it every second.
export interface LifeFacts {
  readonly now: number
  readonly startedAt: number
  readonly lastActiveAt: number
  readonly askedAt: number | null
  readonly answered: boolean
  readonly held: boolean
  /** since when it is outdated and only serves the calls it has; null = current */
  readonly retiredAt: number | null
  readonly memoryBytes: number | null
}

export interface LifeLimits {
  readonly idleMs: number
  readonly lifetimeMs: number | null
  readonly firstAnswerMs: number
  readonly memoryBytes: number
  readonly drainMs: number
}

export type Verdict =
  | { readonly kind: 'memory'; readonly message: string }
  | { readonly kind: 'lifetime'; readonly message: string }
  | { readonly kind: 'silent'; readonly message: string }
  | { readonly kind: 'idle' }
  | { readonly kind: 'drained' }
  /** no new calls; ends when its last call has */
  | { readonly kind: 'retire' }

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`

function judgeRetired(facts: LifeFacts, limits: LifeLimits, retiredAt: number): Verdict | null {
  return !facts.held || facts.now - retiredAt >= limits.drainMs ? { kind: 'drained' } : null
}

/** The first limit reached, or null. */
export function judge(facts: LifeFacts, limits: LifeLimits): Verdict | null {
  const { now, memoryBytes, askedAt, retiredAt } = facts
  if (memoryBytes !== null && memoryBytes > limits.memoryBytes)
    return {
      kind: 'memory',
      message: `it used more than ${Math.round(limits.memoryBytes / 1024 / 1024)} MiB of memory`,
    }
  if (retiredAt !== null) return judgeRetired(facts, limits, retiredAt)
  if (!facts.answered && askedAt !== null && now - askedAt >= limits.firstAnswerMs)
    return { kind: 'silent', message: `it said nothing within ${seconds(limits.firstAnswerMs)} of its start` }
  if (limits.lifetimeMs !== null && now - facts.startedAt >= limits.lifetimeMs)
    return facts.held
      ? { kind: 'retire' }
      : { kind: 'lifetime', message: `it ran for its longest time of ${seconds(limits.lifetimeMs)}` }
  if (!facts.held && now - facts.lastActiveAt >= limits.idleMs) return { kind: 'idle' }
  return null
}
