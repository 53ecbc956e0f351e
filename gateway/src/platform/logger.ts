// The one logger: JSON lines, a constant message and fields. No secret leaves through it at any level (SEC-2).
// Levels by expected frequency: error = somebody must look, 0 in health; warn = unusual, handled; info = lifecycle; debug = per request.
import { pino } from 'pino'
import { redactFields, scrubText } from './redact.ts'

export type Logger = pino.Logger
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface LoggerOptions {
  readonly level: LogLevel
  /** default: stdout, written synchronously so that nothing is lost when the process ends */
  readonly destination?: { write(line: string): void }
}

export function createLogger(options: LoggerOptions): Logger {
  const stack = options.level === 'debug' || options.level === 'trace'
  const fields = (object: object) => redactFields(object, { stack }) as Record<string, unknown>
  const logger = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      // our own presentation replaces pino's serializers, which open errors and requests
      serializers: { err: (value: unknown) => value },
      formatters: { level: (label) => ({ level: label }), log: fields },
      hooks: {
        logMethod(args, method) {
          method.apply(this, withConstantMessage(args as unknown[]) as Parameters<typeof method>)
        },
        streamWrite: scrubText,
      },
    },
    options.destination ?? pino.destination({ fd: 1, sync: true }),
  )
  // formatters do not see the bindings of child loggers; children inherit this method from the root
  const makeChild = logger.child
  logger.child = function child(this: Logger, bindings: object, childOptions?: object) {
    return makeChild.call(this, fields(bindings), childOptions)
  } as typeof logger.child
  return logger
}

/** pino takes an error's own message when the call names none: give it a constant one instead. */
function withConstantMessage(args: readonly unknown[]): readonly unknown[] {
  const [first, second] = args
  if (first instanceof Error) return [{ err: first }, typeof second === 'string' ? second : 'unexpected error']
  if (typeof first !== 'object' || first === null || typeof second === 'string') return args
  return [first, 'err' in first ? 'unexpected error' : '']
}

/** The last words of a process: an exception nobody caught is logged without its message, then the process ends. */
export function installCrashHandlers(logger: Logger, exit: (code: number) => void = process.exit): () => void {
  const onException = (error: unknown) => {
    logger.fatal({ err: error }, 'uncaught exception: the hub stops')
    exit(1)
  }
  const onRejection = (reason: unknown) => {
    logger.fatal({ err: reason }, 'unhandled rejection: the hub stops')
    exit(1)
  }
  process.on('uncaughtException', onException)
  process.on('unhandledRejection', onRejection)
  return () => {
    process.off('uncaughtException', onException)
    process.off('unhandledRejection', onRejection)
  }
}
