// What a failed statement means: the database is away (say so, try later), somebody was faster (conflict), or a mistake of ours.
import { HubError } from '@mcphub/api'

interface DriverFault {
  readonly code?: string
  readonly message?: string
  readonly constraint?: string
  readonly driverError?: DriverFault
}

/** SQLSTATE classes and codes under which the same statement may work a moment later, on this server or the next. */
const AWAY = /^(08|57P|53|58)|^(25006|57014|55P03|XX000)$/
const SYSTEM = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ENOENT|EACCES)/
const TEXT =
  /timeout|Connection terminated|not queryable|Client was closed|connection is closed|ended the pool|end on the pool/i

/** The driver's own error, below what the ORM wraps around it. */
function driverFault(thrown: unknown): DriverFault {
  const fault = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as DriverFault
  return fault.driverError ?? fault
}

export function isAway(thrown: unknown): boolean {
  const { code, message } = driverFault(thrown)
  if (code !== undefined && (AWAY.test(code) || SYSTEM.test(code))) return true
  if (code !== undefined && /^[0-9A-Z]{5}$/.test(code)) return false
  return TEXT.test(message ?? '')
}

/** Deadlock or serialization failure: the whole transaction may be tried again. */
export function isRetryable(thrown: unknown): boolean {
  const { code } = driverFault(thrown)
  return code === '40001' || code === '40P01'
}

/** Name of the unique constraint or index that refused a row, or null. */
export function violatedUnique(thrown: unknown): string | null {
  const { code, constraint } = driverFault(thrown)
  return code === '23505' ? (constraint ?? '') : null
}

/** The row this one belongs to is gone (a user erased meanwhile). */
export function violatesReference(thrown: unknown): boolean {
  return driverFault(thrown).code === '23503'
}

export function databaseUnavailable(cause?: unknown): HubError {
  return new HubError('database_unavailable', 'The database is not available', { retryAfterSeconds: 5 }, { cause })
}

/** PostgreSQL stores no NUL character, and this text has one. */
const UNSTORABLE = /^(22021|22P05)$/

/** HubErrors pass; a lost database becomes `database_unavailable`; the rest stays as it is for the caller that expects it. */
export function translateFault(thrown: unknown): unknown {
  if (thrown instanceof HubError) return thrown
  if (UNSTORABLE.test(driverFault(thrown).code ?? ''))
    return new HubError('invalid_params', 'A text holds a character that cannot be stored')
  return isAway(thrown) ? databaseUnavailable(thrown) : thrown
}
