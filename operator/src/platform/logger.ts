// JSON lines on stdout: a constant message, fields carry the rest. Levels by expected frequency: error = somebody must look, 0 in health;
// warn = unusual, handled; info = lifecycle; debug = per reconcile. The operator knows no secret, so there is nothing to redact.
import type { LogLevel } from '../config.ts'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

type Fields = Readonly<Record<string, unknown>>
export type Logger = { readonly [Level in LogLevel]: (message: string, fields?: Fields) => void }

export function createLogger(least: LogLevel, write: (line: string) => void): Logger {
  const log =
    (level: LogLevel) =>
    (message: string, fields: Fields = {}): void => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return
      write(`${JSON.stringify({ level, time: new Date().toISOString(), ...present(fields), message })}\n`)
    }
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
}

/** An error is its message; JSON would show it as {}. */
function present(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? value.message : value]),
  )
}
