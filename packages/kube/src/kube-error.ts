// The one error of this package: what the API server's Status says, or why there was no answer. It names the call and the object, and
// holds neither headers nor bodies, so that a token cannot leave with it.

const MESSAGE_LIMIT = 1000

/** Reasons the API server gives that this package acts on, and five of its own for calls that got no answer. */
export type KubeReason =
  | 'AlreadyExists'
  | 'BadRequest'
  | 'Conflict'
  | 'Expired'
  | 'Forbidden'
  | 'Gone'
  | 'InternalError'
  | 'Invalid'
  | 'NotFound'
  | 'ServiceUnavailable'
  | 'Timeout'
  | 'TooManyRequests'
  | 'Unauthorized'
  | 'Unknown'
  // no answer: the socket failed, the deadline passed, the caller gave up, the bytes were not what the API server sends, it was not sent at all
  | 'Transport'
  | 'Deadline'
  | 'Aborted'
  | 'Malformed'
  | 'NotLeading'
  | (string & {})

/** One reason of a refusal as the Status lists it: a field that is not valid, or that another manager owns. */
export interface KubeCause {
  readonly reason: string
  readonly message: string
  /** `.spec.replicas`; '' for the object as a whole */
  readonly field: string
}

export interface KubeErrorFields {
  readonly reason: KubeReason
  /** HTTP status; 0 without an answer */
  readonly code: number
  /** `GET /api/v1/namespaces/default/pods/x` */
  readonly call: string
  readonly text: string
  readonly causes?: readonly KubeCause[]
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

export class KubeError extends Error {
  override readonly name = 'KubeError'
  readonly reason: KubeReason
  readonly code: number
  readonly call: string
  readonly causes: readonly KubeCause[]
  /** how long the API server asked to wait, if it did */
  readonly retryAfterMs: number | null

  constructor(fields: KubeErrorFields) {
    const said = fields.text.slice(0, MESSAGE_LIMIT)
    super(`${fields.call}: ${fields.code > 0 ? `${fields.code} ` : ''}${fields.reason}: ${said}`, {
      cause: fields.cause,
    })
    this.reason = fields.reason
    this.code = fields.code
    this.call = fields.call
    this.causes = fields.causes ?? []
    this.retryAfterMs = fields.retryAfterMs ?? null
  }
}

/** By HTTP status, for bodies that are no Status: a proxy's page, an empty answer. */
const REASON_OF: Readonly<Record<number, KubeReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Gone',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

export interface Answer {
  readonly call: string
  readonly code: number
  readonly body: string
  readonly retryAfterMs?: number
}

export function errorOfAnswer({ call, code, body, retryAfterMs }: Answer): KubeError {
  const status = parseStatus(body)
  // a patch with a UID that is no longer the object's: the API server calls it a field that cannot be changed, it is a precondition that failed
  const isAnother = status.causes.some(({ field }) => field === 'metadata.uid')
  const reason = isAnother ? 'Conflict' : status.reason || (REASON_OF[code] ?? 'Unknown')
  return new KubeError({
    call,
    code,
    reason,
    text: status.message || 'the answer is no Status',
    causes: status.causes,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

interface Status {
  readonly reason?: string
  readonly message?: string
  readonly causes: readonly KubeCause[]
}

const MAX_CAUSES = 100

function parseStatus(body: string): Status {
  try {
    const { kind, reason, message, details } = JSON.parse(body) as Record<string, unknown>
    if (kind !== 'Status') return { causes: [] }
    return {
      ...(typeof reason === 'string' ? { reason } : {}),
      ...(typeof message === 'string' ? { message } : {}),
      causes: parseCauses((details as { causes?: unknown } | null | undefined)?.causes),
    }
  } catch {
    return { causes: [] }
  }
}

function parseCauses(given: unknown): readonly KubeCause[] {
  if (!Array.isArray(given)) return []
  const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, MESSAGE_LIMIT) : '')
  return given.slice(0, MAX_CAUSES).map((one: Record<string, unknown> | null) => ({
    reason: textOf(one?.['reason']),
    message: textOf(one?.['message']),
    field: textOf(one?.['field']),
  }))
}

export function isReason(error: unknown, ...reasons: readonly KubeReason[]): boolean {
  return error instanceof KubeError && reasons.includes(error.reason)
}

export const isNotFound = (error: unknown): boolean => isReason(error, 'NotFound')

/** Both a lost race on a resourceVersion and a create of what is there. */
export const isConflict = (error: unknown): boolean => isReason(error, 'Conflict', 'AlreadyExists')

/** The version asked for is no longer held: only a new list helps. */
export function isExpired(error: unknown): boolean {
  return error instanceof KubeError && (error.code === 410 || error.reason === 'Expired' || error.reason === 'Gone')
}
