// Refusals of nobody (no key, a wrong one): anybody who reaches the port can cause any number of them. The first ones are kept one by one,
// the rest counted in a record of their own, so that no stranger fills the disk or crowds what people did out of the queue.
import { randomUUID } from 'node:crypto'
import type { AuditRecord } from '../audit.ts'

export interface StrangerGate {
  /** False: it is only counted. */
  admits(record: AuditRecord): boolean
  /** Tells what was counted and not yet told. */
  stop(): void
}

export interface StrangerGateOptions {
  readonly tell: (record: AuditRecord) => void
  readonly now?: () => number
}

const BURST = 300
const PER_SECOND = 2
const TELL_MS = 10_000

export function createStrangerGate({ tell, now = Date.now }: StrangerGateOptions): StrangerGate {
  let tokens = BURST
  let refilledAt = now()
  let counted = 0
  let timer: NodeJS.Timeout | null = null
  const tellCounted = (): void => {
    timer = null
    if (counted > 0) tell(describe(counted, now()))
    counted = 0
  }
  return {
    admits(record) {
      if (record.userId !== null || record.outcome === 'ok') return true
      const at = now()
      tokens = Math.min(BURST, tokens + ((at - refilledAt) / 1000) * PER_SECOND)
      refilledAt = at
      if (tokens >= 1) {
        tokens -= 1
        return true
      }
      counted += 1
      timer ??= setTimeout(tellCounted, TELL_MS).unref()
      return false
    },
    stop() {
      if (timer !== null) clearTimeout(timer)
      tellCounted()
    },
  }
}

const describe = (count: number, at: number): AuditRecord => ({
  at,
  requestId: randomUUID(),
  userId: null,
  keyId: null,
  sessionId: null,
  kind: 'auth',
  action: 'refused',
  server: null,
  target: `${count} more`,
  outcome: 'refused',
  code: 'unauthenticated',
  durationMs: 0,
  argumentsHash: null,
  via: null,
  detail: null,
})
