// What may be written down: turns any log field into plain data that holds no secret. The first net is the `Secret` type; this one catches
// what slipped past it: errors (their messages quote headers and rows), credentials in known fields, keys and bearer tokens in any text.
import { HubError } from '@mcphub/api'

const REDACTED = '[redacted]'
const MAX_DEPTH = 6
const MAX_ITEMS = 100

const SECRET_FIELD =
  /^(?:.*authorization|cookie|set-cookie|.*password|passphrase|.*secret|.*token|api[-_]?key|hub[-_]?key|x-api-key)$/i

/** Keys, bearer tokens, `?key=` and passwords in URLs, wherever they stand in a text. */
export function scrubText(text: string): string {
  return text
    .replaceAll(/mcphub_(?:[a-z]+_)?[0-9A-Za-z]{8,}/g, `mcphub_${REDACTED}`)
    .replaceAll(/([?&](?:key|code|token|state)=)[^&\s"'\\#]+/gi, `$1${REDACTED}`)
    .replaceAll(/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${REDACTED}`)
    .replaceAll(/(\/\/[^/\s:@"]*:)[^/\s@"]+@/g, `$1${REDACTED}@`)
}

export interface PresentedError {
  readonly name: string
  readonly code?: string
  readonly message?: string
  readonly stack?: readonly string[]
  readonly cause?: PresentedError
}

/**
 * An error as it may be logged: name and code always, the message only of our own errors, stack frames (never the message at their head)
 * only where asked for.
 */
export function presentError(error: unknown, options: { readonly stack: boolean }, depth = 0): PresentedError {
  if (!(error instanceof Error)) return { name: typeof error }
  const code = (error as { code?: unknown }).code
  const cause = error.cause !== undefined && depth < 4 ? presentError(error.cause, options, depth + 1) : undefined
  return {
    name: String(error.name).slice(0, 64),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code).slice(0, 64) } : {}),
    ...(error instanceof HubError ? { message: scrubText(error.message) } : {}),
    ...(options.stack ? { stack: stackFrames(error) } : {}),
    ...(cause ? { cause } : {}),
  }
}

/** `at …` lines alone: the head of a stack repeats the message, which may hold anything, even lines that look like frames. */
function stackFrames(error: Error): string[] {
  const said = new Set(String(error.message).split('\n'))
  return String(error.stack ?? '')
    .split('\n')
    .filter((line) => !said.has(line) && /^\s+at .{1,500}:\d+:\d+\)?$/.test(line))
    .slice(0, 20)
    .map((line) => line.trim())
}

/** A log field as plain data: secrets replaced, errors presented, class instances named but not opened, depth and length bounded. */
export function redactFields(value: unknown, options: { readonly stack: boolean }, depth = 0): unknown {
  if (typeof value === 'function') return '[function]'
  if (typeof value !== 'object' || value === null) return value
  if (depth >= MAX_DEPTH) return '[deep]'
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redactFields(item, options, depth + 1))
  if (!isPlain(value)) return presentInstance(value, options)
  const fields = Object.entries(value).slice(0, MAX_ITEMS)
  return Object.fromEntries(
    fields.map(([name, field]) => [name, isSecret(name, field) ? REDACTED : redactFields(field, options, depth + 1)]),
  )
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const isSecret = (name: string, field: unknown) => SECRET_FIELD.test(name) && field !== null && field !== undefined

/** A Secret says `[redacted]` by itself; a request, a socket or a pool is only named. */
function presentInstance(value: object, options: { readonly stack: boolean }): unknown {
  if (value instanceof Error) return presentError(value, options)
  if (value instanceof Date) return value
  if (value instanceof URL) return scrubText(value.href)
  const name = value.constructor?.name ?? 'object'
  return name === 'Secret' ? REDACTED : `[${name}]`
}
