// Usage as charts want it: whole hours or days, bounded spans, and the counting of hours that are over, in the background.
import { HubError, LIMITS } from '@mcphub/api'
import type { ErrorGroup, UsageBucket, UsageQuery, UsageStore } from './usage-store.ts'

export interface UsageSpan {
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly bucket: 'hour' | 'day'
  readonly server?: string | undefined
  readonly by?: UsageQuery['by'] | undefined
}

export interface Usage {
  readonly from: Date
  readonly to: Date
  readonly buckets: readonly UsageBucket[]
}

export interface UsageService {
  /** `userId` null: of everybody. @throws HubError `invalid_params` */
  read(userId: string | null, span: UsageSpan): Promise<Usage>
  /** `keyId`: by that key alone. */
  listErrors(userId: string, keyId: string | null, since: string | undefined): Promise<readonly ErrorGroup[]>
  start(): void
  stop(): void
}

export interface UsageDeps {
  readonly store: UsageStore
  readonly keepDays: number
  readonly onFault?: (step: string, error: unknown) => void
  readonly now?: () => number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const BUCKET_MS = { hour: HOUR_MS, day: DAY_MS } as const
const DEFAULT_MS = { hour: DAY_MS, day: 30 * DAY_MS } as const
const MAX_MS = { hour: 14 * DAY_MS, day: (LIMITS.auditDays + 1) * DAY_MS } as const
const ERRORS_MS = 7 * DAY_MS
const ROLL_UP_MS = 300_000

export function createUsageService({ store, keepDays, onFault, now = Date.now }: UsageDeps): UsageService {
  let timer: NodeJS.Timeout | null = null
  const rollUp = (): void => {
    const at = now()
    store
      .rollUp(new Date(at), new Date(at - keepDays * DAY_MS))
      .catch((thrown: unknown) => onFault?.('count the hours that are over', thrown))
  }
  return {
    async read(userId, { since, until, bucket, server, by = 'each' }) {
      const to = ceil(until === undefined ? now() : Date.parse(until), BUCKET_MS[bucket])
      const from = floor(since === undefined ? to - DEFAULT_MS[bucket] : Date.parse(since), BUCKET_MS[bucket])
      checkSpan(from, to, bucket)
      const span = { from: new Date(from), to: new Date(to) }
      return {
        ...span,
        buckets: await store.read({ userId, ...span, bucket, by, ...(server !== undefined && { server }) }),
      }
    },
    listErrors: (userId, keyId, since) =>
      store.listErrors({ userId, keyId, from: since === undefined ? new Date(now() - ERRORS_MS) : new Date(since) }),
    start() {
      timer = setInterval(rollUp, ROLL_UP_MS).unref()
      rollUp()
    },
    stop() {
      if (timer !== null) clearInterval(timer)
      timer = null
    },
  }
}

const floor = (at: number, step: number): number => Math.floor(at / step) * step
const ceil = (at: number, step: number): number => Math.ceil(at / step) * step

function checkSpan(from: number, to: number, bucket: 'hour' | 'day'): void {
  const days = MAX_MS[bucket] / DAY_MS
  const message =
    from >= to
      ? 'Give a time before `until`'
      : to - from > MAX_MS[bucket]
        ? `Give at most ${days} days by the ${bucket}`
        : null
  if (message !== null)
    throw new HubError('invalid_params', 'Not valid: since', { faults: [{ field: 'since', message }] })
}
