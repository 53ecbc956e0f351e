// What a failed statement means: the database is away (say so, try later), somebody was faster (conflict), or a mistake of ours.
import { HubError } from '@mcphub/api'

interface DriverFault {
  readonly code?: string
  readonly message?: string
  readonly constraint?: string
  readonly table?: string
  readonly column?: string
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

const hasParameters = (thrown: unknown): boolean =>
  typeof thrown === 'object' && thrown !== null && 'driverError' in thrown

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

/** The cause without what the ORM hangs on it (statement and parameters). */
export function databaseUnavailable(thrown?: unknown): HubError {
  const { code, message } = driverFault(thrown)
  const cause = thrown === undefined ? undefined : Object.assign(new Error(message ?? 'unknown'), { code })
  return new HubError('database_unavailable', 'The database is not available', { retryAfterSeconds: 5 }, { cause })
}

/** A statement that failed by our own mistake. It keeps what is safe to log: the driver's error holds the parameters, and its text may quote one. */
export class StatementFault extends Error {
  readonly code: string
  readonly constraint: string | undefined
  constructor(fault: DriverFault) {
    const { code = 'unknown', constraint, table, column } = fault
    const places = [constraint, table, column].filter((place) => place !== undefined)
    // class 42 speaks of the statement's own text, which is ours
    const text = code.startsWith('42') ? `: ${fault.message ?? ''}` : ''
    super(`A statement failed with SQLSTATE ${code}${places.length > 0 ? ` at ${places.join(' ')}` : ''}${text}`)
    this.name = 'StatementFault'
    this.code = code
    this.constraint = constraint
  }
}

/** PostgreSQL stores no NUL character, and this text has one. */
const UNSTORABLE = /^(22021|22P05)$/

/** HubErrors pass, a lost database becomes `database_unavailable`, a failed statement a StatementFault; what is not of the database passes. */
export function translateFault(thrown: unknown): unknown {
  if (thrown instanceof HubError || thrown instanceof StatementFault) return thrown
  const fault = driverFault(thrown)
  if (UNSTORABLE.test(fault.code ?? ''))
    return new HubError('invalid_params', 'A text holds a character that cannot be stored')
  if (isAway(thrown)) return databaseUnavailable(thrown)
  const isStatement = /^[0-9A-Z]{5}$/.test(fault.code ?? '') || hasParameters(thrown)
  return isStatement ? new StatementFault(fault) : thrown
}

/** Why the database could not be opened at all, in words for the person who starts the hub. */
export function explainOpening(thrown: unknown): unknown {
  const { code, message } = driverFault(thrown)
  if (thrown instanceof HubError) return thrown
  if (code === 'ERR_INVALID_URL')
    return new HubError('internal', 'The database URL is not one; give postgres://user:password@host:port/database')
  // wrong password, unknown role, unknown database: these texts name the role or database and nothing else
  if (/^(28|3D)/.test(code ?? ''))
    return new HubError('internal', `PostgreSQL refuses the connection: ${message ?? ''}`)
  return isAway(thrown) ? databaseUnavailable(thrown) : thrown
}
