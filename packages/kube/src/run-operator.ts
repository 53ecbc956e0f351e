// The life of an operator: caches first, then the lead, then the workers; and back in the order that leaves nothing half done: no new work,
// what runs finishes, watches end, the lease is released.
import type { Controller } from './controller.ts'
import type { LeaderElector } from './leader-elector.ts'

export interface OperatorParts {
  readonly reflectors: readonly { start(): Promise<void>; stop(): Promise<void> }[]
  readonly controllers: readonly Controller[]
  /** without one this replica always leads */
  readonly elector?: LeaderElector
  /** what runs may take so long to finish; default 10 s */
  readonly graceMs?: number
  /** the caches are full: readiness */
  readonly onSynced?: () => void
  readonly onLeading?: () => void
}

export type OperatorEnd = 'stopped' | 'lost the lead'

const GRACE_MS = 10_000

/** Runs until the signal. After a lost lead the process should end and begin anew: its controllers do not start twice. */
export async function runOperator(parts: OperatorParts, signal: AbortSignal): Promise<OperatorEnd> {
  const { controllers, elector } = parts
  try {
    if (await isLeading(parts, signal)) {
      parts.onLeading?.()
      for (const controller of controllers) controller.start()
      await aborted(elector ? AbortSignal.any([signal, elector.lost]) : signal)
    }
  } finally {
    await end(parts)
  }
  return elector?.lost.aborted ? 'lost the lead' : 'stopped'
}

async function end({ reflectors, controllers, elector, graceMs = GRACE_MS }: OperatorParts): Promise<void> {
  // another may lead already: nothing more of ours may be written
  const grace = elector?.lost.aborted ? 0 : graceMs
  await Promise.all(controllers.map((controller) => controller.stop(grace)))
  await Promise.all(reflectors.map((reflector) => reflector.stop()))
  await elector?.release()
}

/** Waits for the caches and the lead; false when the signal came first. */
async function isLeading({ reflectors, elector, onSynced }: OperatorParts, signal: AbortSignal): Promise<boolean> {
  const synced = Promise.all(reflectors.map((reflector) => reflector.start())).then(() => true)
  if (!(await Promise.race([synced, aborted(signal).then(() => false)]))) return false
  onSynced?.()
  return elector ? elector.acquire(signal) : true
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  else signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}
