// The ordered end of the process: readiness drops, listeners close, work drains, stores flush, all within one deadline. A second signal
// does not wait.
import type { Logger } from './logger.ts'

export interface ShutdownOptions {
  readonly logger: Logger
  /** all steps together; what is not done by then is abandoned */
  readonly deadlineMs: number
  readonly exit: (code: number) => void
}

export interface Shutdown {
  /** Steps run one after the other in the order they were added; one that fails is logged and does not stop the next. */
  addStep(name: string, run: () => void | Promise<void>): void
  /** In front of all steps there are: what was started last ends first. */
  putFirst(name: string, run: () => void | Promise<void>): void
  /** Runs the steps once; later calls await the first. Resolves with the exit code. */
  run(reason: string): Promise<number>
  /** Runs the steps on SIGTERM and SIGINT; the next signal exits at once. Returns the function that stops listening. */
  listenToSignals(): () => void
}

export function createShutdown({ logger, deadlineMs, exit }: ShutdownOptions): Shutdown {
  const steps: { readonly name: string; readonly run: () => void | Promise<void> }[] = []
  let running: Promise<number> | null = null

  async function runSteps(reason: string): Promise<number> {
    logger.info({ reason }, 'stopping')
    const deadline = performance.now() + deadlineMs
    let code = 0
    for (const step of steps) {
      const outcome = await runStep(step.run, deadline - performance.now())
      if (outcome === null) continue
      code = 1
      logger.warn({ step: step.name, ...outcome }, 'a step of the shutdown did not end well')
    }
    logger.info({ code }, 'stopped')
    return code
  }

  const run = (reason: string) => (running ??= runSteps(reason))
  return {
    addStep: (name, step) => void steps.push({ name, run: step }),
    putFirst: (name, step) => void steps.unshift({ name, run: step }),
    run,
    listenToSignals() {
      const onSignal = (signal: string) => {
        if (running !== null) return exit(130)
        void run(signal).then(exit)
      }
      process.on('SIGTERM', onSignal)
      process.on('SIGINT', onSignal)
      return () => {
        process.off('SIGTERM', onSignal)
        process.off('SIGINT', onSignal)
      }
    },
  }
}

/** null = well; a step started after the deadline still gets a moment, because flushing late is better than not at all. */
async function runStep(
  run: () => void | Promise<void>,
  leftMs: number,
): Promise<{ late: true } | { err: unknown } | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<{ late: true }>((resolve) => {
    timer = setTimeout(() => resolve({ late: true }), Math.max(leftMs, 200))
  })
  const done = Promise.resolve()
    .then(run)
    .then(
      () => null,
      (err: unknown) => ({ err }),
    )
  try {
    return await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}
