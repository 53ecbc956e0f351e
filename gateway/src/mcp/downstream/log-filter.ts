// Which log lines of a server its client is to hear. A client of 2026-07-28 names a level in each request, and hears nothing where it names none; an
// older one names it once (`logging/setLevel`), and hears what the server pleases until then.
import { META } from '../codec/modern-envelope.ts'
import { isObject } from '../codec/message.ts'
import type { JsonObject } from '../upstream/upstreams.ts'

/** from the least severe */
const LEVELS: readonly unknown[] = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

/** Where the level of one call stands; looked at only when a log line comes. */
export interface LogLevels {
  /** of a 2026-07-28 request; null = the client is an older one */
  readonly modernParams: JsonObject | null
  readonly session: { readonly logLevel: string | null } | null
}

export function isLogLevel(level: unknown): level is string {
  return LEVELS.includes(level)
}

/** A level that nobody knows is below all. */
export function isAtLeast(level: unknown, wanted: string): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(wanted)
}

/** `json`: any notification; what is no log line is wanted always. */
export function isWantedLog(json: string, levels: LogLevels): boolean {
  if (!json.includes('"notifications/message"')) return true
  const message: unknown = JSON.parse(json)
  if (!isObject(message) || message['method'] !== 'notifications/message') return true
  const { modernParams, session } = levels
  const wanted = modernParams === null ? (session?.logLevel ?? null) : readLevel(modernParams)
  if (wanted === null) return modernParams === null
  const { params } = message
  return isAtLeast(isObject(params) ? params['level'] : undefined, wanted)
}

function readLevel(params: JsonObject): string | null {
  const meta = params['_meta']
  const level = isObject(meta) ? meta[META.logLevel] : undefined
  return isLogLevel(level) ? level : null
}
