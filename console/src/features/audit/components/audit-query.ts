// The filters of the audit as they stand in the address, and the question they are to the hub.
import type { ErrorCode, RouteQueryInput, RouteResponse } from '@mcphub/api'
import type { Filters } from '../../../lib/use-filters.ts'

export type AuditEntry = RouteResponse<'listAudit'>['items'][number]
/** without the page: of a list, and of a file */
export type AuditQuery = Omit<RouteQueryInput<'listAudit'>, 'limit' | 'cursor'>

export const FILTERS = [
  ...(['kind', 'user', 'action', 'server'] as const),
  ...(['outcome', 'code', 'via', 'requestId', 'since', 'until'] as const),
] as const
type FilterName = (typeof FILTERS)[number]
export type AuditFilters = Filters<FilterName>
export const NO_FILTERS = Object.fromEntries(FILTERS.map((name) => [name, ''])) as Readonly<Record<FilterName, ''>>

export const KINDS = ['admin', 'mcp', 'auth'] as const satisfies readonly AuditEntry['kind'][]
export const OUTCOMES = ['ok', 'error', 'refused', 'canceled'] as const satisfies readonly AuditEntry['outcome'][]
export const VIAS = ['key', 'console'] as const satisfies readonly NonNullable<AuditEntry['via']>[]

/** What is empty is not asked for; what is none of the few values an address could hold neither. */
export function toQuery({ kind, outcome, via, since, until, ...texts }: AuditFilters['filters']): AuditQuery {
  const few = { kind: oneOf(KINDS, kind), outcome: oneOf(OUTCOMES, outcome), via: oneOf(VIAS, via) }
  const times = { since: toTime(since), until: toTime(until) }
  const asked = Object.entries({ ...few, ...texts, ...times }).filter(
    ([, value]) => value !== undefined && value !== '',
  )
  return Object.fromEntries(asked)
}

const oneOf = <T extends string>(values: readonly T[], text: string): T | undefined =>
  values.find((value) => value === text)

/** A moment as the hub takes it, of whatever a browser takes for one. */
export function toTime(text: string): string | undefined {
  const at = new Date(text)
  return text === '' || Number.isNaN(at.getTime()) ? undefined : at.toISOString()
}

/** For a field of date and time, which speaks of the clock on this wall: "2026-03-01T09:00". */
export function toLocal(text: string): string {
  const at = new Date(text)
  if (text === '' || Number.isNaN(at.getTime())) return ''
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** Every code there is: a new one does not compile until it stands here. */
const CODE_TABLE: Readonly<Record<ErrorCode, true>> = {
  parse_error: true,
  invalid_request: true,
  invalid_params: true,
  method_not_found: true,
  header_mismatch: true,
  missing_capability: true,
  unsupported_version: true,
  not_acceptable: true,
  unsupported_media_type: true,
  method_not_allowed: true,
  payload_too_large: true,
  uri_too_long: true,
  headers_too_large: true,
  request_timeout: true,
  unauthenticated: true,
  login_required: true,
  forbidden: true,
  origin_forbidden: true,
  session_not_found: true,
  not_found: true,
  conflict: true,
  too_many_requests: true,
  limit_exceeded: true,
  missing_variable: true,
  invalid_variable: true,
  server_unavailable: true,
  sandbox_starting: true,
  sandbox_failed: true,
  upstream_error: true,
  upstream_timeout: true,
  upstream_lost: true,
  canceled: true,
  database_unavailable: true,
  shutting_down: true,
  internal: true,
}
export const CODES = Object.keys(CODE_TABLE) as readonly ErrorCode[]
export const isCode = (text: string): text is ErrorCode => Object.hasOwn(CODE_TABLE, text)
