// One audit record per change and per refusal of the REST API, whatever its outcome. No body: it may hold a variable or a set-up token.
import type { ErrorCode, HubError, Route } from '@mcphub/api'
import type { Principal } from '../auth/principal.ts'
import type { AuditRecord } from '../features/audit.ts'
import { boundDetail } from './audit-detail.ts'

/** What is known of a call while it runs. */
export interface Progress {
  readonly route: Route
  readonly requestId: string
  readonly startedAt: number
  principal: Principal | null
  target: string | null
  presentedKey: boolean
  /** what a change found and left */
  detail: { readonly before: unknown; readonly after: unknown } | null
  /** who began a session in this call */
  entered?: { readonly userId: string; readonly keyId: string }
  /** who did not come in, although the call itself was answered well */
  refused?: 'unauthenticated' | 'forbidden'
}

/** Every change, every log-in and every refusal; plain reading and probes without a key are not. */
export function isRecorded({ route, presentedKey, entered, refused }: Progress, error: HubError | null): boolean {
  if (entered !== undefined || refused !== undefined) return true
  if (route.method !== 'GET' && (route.isUnrecorded !== true || isRefusal(error))) return true
  return error?.code === 'forbidden' || (error?.code === 'unauthenticated' && presentedKey)
}

const isRefusal = (error: HubError | null): boolean => error?.code === 'forbidden' || error?.code === 'unauthenticated'

const REFUSALS: ReadonlySet<string> = new Set([
  'unauthenticated',
  'forbidden',
  'origin_forbidden',
  'login_required',
  'not_found',
  'limit_exceeded',
  'too_many_requests',
])

export function buildRecord(progress: Progress, error: HubError | null, seconds: number): AuditRecord {
  const { route, target, requestId, detail } = progress
  return {
    at: Date.now(),
    requestId,
    ...describeCaller(progress),
    sessionId: null,
    action: `${route.method} ${route.path}`,
    server: null,
    target: target?.slice(0, 256) ?? null,
    ...describeOutcome(error?.code ?? progress.refused ?? null),
    durationMs: Math.round(seconds * 1000),
    // a hash of a short value could be guessed
    argumentsHash: null,
    // nothing changed where it failed
    detail: error === null && detail !== null ? boundDetail(detail) : null,
  }
}

/** Whoever called, or who came in by this very call. */
function describeCaller({ principal, entered }: Progress): Pick<AuditRecord, 'userId' | 'keyId' | 'via'> {
  if (principal !== null) return { userId: principal.userId, keyId: principal.keyId, via: principal.via }
  if (entered === undefined) return { userId: null, keyId: null, via: null }
  return { ...entered, via: 'console' }
}

function describeOutcome(code: ErrorCode | null): Pick<AuditRecord, 'kind' | 'outcome' | 'code'> {
  if (code === null) return { kind: 'admin', outcome: 'ok', code: null }
  const kind = code === 'unauthenticated' ? 'auth' : 'admin'
  return { kind, outcome: REFUSALS.has(code) ? 'refused' : 'error', code }
}
