// One audit record per change and per refusal of the REST API, whatever its outcome. No body: it may hold a variable or a set-up token.
import type { HubError, Route } from '@mcphub/api'
import type { Principal } from '../auth/principal.ts'
import type { AuditRecord } from '../features/audit.ts'

/** What is known of a call while it runs. */
export interface Progress {
  readonly route: Route
  readonly requestId: string
  readonly startedAt: number
  principal: Principal | null
  target: string | null
  presentedKey: boolean
}

/** Every change and every refusal; plain reading and probes without a key are not. */
export function isRecorded({ route, presentedKey }: Progress, error: HubError | null): boolean {
  if (route.method !== 'GET') return true
  return error?.code === 'forbidden' || (error?.code === 'unauthenticated' && presentedKey)
}

const REFUSALS: ReadonlySet<string> = new Set([
  'unauthenticated',
  'forbidden',
  'origin_forbidden',
  'not_found',
  'limit_exceeded',
  'too_many_requests',
])

export function buildRecord(progress: Progress, error: HubError | null, seconds: number): AuditRecord {
  const { route, principal, target, requestId } = progress
  return {
    at: Date.now(),
    requestId,
    userId: principal?.userId ?? null,
    keyId: principal?.keyId ?? null,
    sessionId: null,
    action: `${route.method} ${route.path}`,
    server: null,
    target: target?.slice(0, 256) ?? null,
    ...describeOutcome(error),
    durationMs: Math.round(seconds * 1000),
    // a hash of a short value could be guessed
    argumentsHash: null,
  }
}

function describeOutcome(error: HubError | null): Pick<AuditRecord, 'kind' | 'outcome' | 'code'> {
  if (error === null) return { kind: 'admin', outcome: 'ok', code: null }
  const kind = error.code === 'unauthenticated' ? 'auth' : 'admin'
  return { kind, outcome: REFUSALS.has(error.code) ? 'refused' : 'error', code: error.code }
}
