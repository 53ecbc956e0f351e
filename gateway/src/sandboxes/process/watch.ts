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

const MiB = 1024 * 1024
const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`

function judgeRetired(facts: LifeFacts, limits: LifeLimits, retiredAt: number): Verdict | null {
  return !facts.held || facts.now - retiredAt >= limits.drainMs ? { kind: 'drained' } : null
}

function judgeAge(facts: LifeFacts, { lifetimeMs }: LifeLimits): Verdict | null {
  if (lifetimeMs === null || facts.now - facts.startedAt < lifetimeMs) return null
  if (facts.held) return { kind: 'retire' }
  return { kind: 'lifetime', message: `it ran for its longest time of ${seconds(lifetimeMs)}` }
}

function judgeSilence({ answered, askedAt, now }: LifeFacts, { firstAnswerMs }: LifeLimits): Verdict | null {
  if (answered || askedAt === null || now - askedAt < firstAnswerMs) return null
  return { kind: 'silent', message: `it said nothing within ${seconds(firstAnswerMs)} of its start` }
}

function judgeMemory({ memoryBytes }: LifeFacts, limits: LifeLimits): Verdict | null {
  if (memoryBytes === null || memoryBytes <= limits.memoryBytes) return null
  return { kind: 'memory', message: `it used more than ${Math.round(limits.memoryBytes / MiB)} MiB of memory` }
}

/** The first limit reached, or null. */
export function judge(facts: LifeFacts, limits: LifeLimits): Verdict | null {
  const memory = judgeMemory(facts, limits)
  if (memory !== null) return memory
  if (facts.retiredAt !== null) return judgeRetired(facts, limits, facts.retiredAt)
  const due = judgeSilence(facts, limits) ?? judgeAge(facts, limits)
  if (due !== null) return due
  return !facts.held && facts.now - facts.lastActiveAt >= limits.idleMs ? { kind: 'idle' } : null
}
