// The lives of children in pods: started once however many wait, counted when they fail, ended when they are outdated.
import { HubError, LIMITS } from '@mcphub/api'
import { countFailure, NO_FAILURES } from '../process/back-off.ts'
import type { SandboxLog, SandboxMetrics } from '../process/config.ts'
import { listSecrets } from '../process/environment.ts'
import { describeExit } from '../process/exit-words.ts'
import type { AcquireRequest, EndReason, ExitReason } from '../sandboxes.ts'
import { buildCommand, type PodFolders } from './command.ts'
import { wishOf } from './lease-keeper.ts'
import type { PodChild } from './pod-child.ts'
import { noteLast } from './pod-output.ts'
import { ShimFault, toStartError } from './shim-link.ts'
import { type ChildSlot, forgetEnded, isUsed, livesOf, noteSecrets, type Slot, type Starting } from './slots.ts'
import { checkWanted, type Waker } from './waker.ts'

export interface ChildStarterDeps {
  readonly waker: Waker
  readonly folders: PodFolders
  readonly idleMs: number
  /** at least so long a wake gives */
  readonly leastWakeMs: number
  readonly log: SandboxLog
  readonly metrics?: SandboxMetrics
  readonly now: () => number
  /** nothing of a sandbox runs or starts here any more */
  readonly onQuiet: (slot: Slot) => void
}

export interface BeginInput {
  readonly request: AcquireRequest
  /** resolves when there is room for it */
  readonly ready: Promise<void>
}

/** A start that no pod lets come to an end is given up; whoever waited was told long before. */
const START_MS = 10 * 60_000
/** pods that went while they were talked to, one after the other */
const ATTEMPTS = 5
/** Outdated children of one sandbox that may drain at the same time. */
const DRAINING = 3
const DRAIN_MS = 10 * 60_000

export class ChildStarter {
  readonly #deps: ChildStarterDeps

  constructor(deps: ChildStarterDeps) {
    this.#deps = deps
  }

  begin(slot: Slot, child: ChildSlot, { request, ready }: BeginInput): Starting {
    const abort = new AbortController()
    const starting: Starting = {
      fingerprint: request.fingerprint,
      abort,
      listeners: new Set(),
      message: `starting ${request.server.name}`,
      promise: ready.then(() => this.#start(slot, child, { request, starting })),
    }
    const late = setTimeout(() => abort.abort(), START_MS)
    late.unref()
    const clear = (): void => {
      clearTimeout(late)
      child.starting = null
      if (child.current === null) forgetEnded(slot, child)
      if (!isUsed(slot)) this.#deps.onQuiet(slot)
    }
    starting.promise.catch(() => undefined).finally(clear)
    child.starting = starting
    slot.children.set(child.key, child)
    return starting
  }

  /** @throws HubError `sandbox_failed` while a child that crashed may not be started again */
  checkBackOff(slot: Slot, child: ChildSlot, fingerprint: string): void {
    const waitMs = child.backOff.retryAt - this.#deps.now()
    if (child.failedFingerprint !== fingerprint || waitMs <= 0) return
    const retryAfterSeconds = Math.ceil(waitMs / 1000)
    const text = `${slot.server.name} failed: ${child.lastFault ?? 'unknown'}; it may be tried again in ${retryAfterSeconds} s (its output: mcphub sandboxes logs ${child.id})`
    throw new HubError('sandbox_failed', text, { retryAfterSeconds })
  }

  async endAll(child: ChildSlot, reason: EndReason): Promise<void> {
    const { starting } = child
    child.backOff = NO_FAILURES
    starting?.abort.abort()
    await Promise.all(livesOf(child).map((life) => life.end(reason)))
    if (starting === null || reason === 'shutdown') return
    const late = await starting.promise.catch(() => null)
    await late?.end(reason)
  }

  /** Looked at now and then: what serves no call any more, or has drained for too long. */
  endOutdated(slot: Slot): void {
    const now = this.#deps.now()
    for (const { retired } of slot.children.values()) {
      const surplus = [...retired.keys()].slice(0, -DRAINING)
      for (const [life, since] of retired)
        if (!life.held || now - since > DRAIN_MS || surplus.includes(life)) void life.end('replaced')
    }
  }

  async #start(slot: Slot, child: ChildSlot, { request, starting }: StartInput): Promise<PodChild> {
    const began = performance.now()
    const { metrics, log, now } = this.#deps
    if (child.current !== null) this.#retire(child, child.current)
    const life = await this.#open(slot, child, { request, starting })
    if (starting.abort.signal.aborted) {
      void life.end('stopped')
      throw new HubError('server_unavailable', 'the start was stopped')
    }
    child.current = life
    slot.lastActiveAt = now()
    life.onExit((reason) => this.#onExit(slot, child, { life, reason }))
    metrics?.started(slot.server.name, (performance.now() - began) / 1000)
    log.info({ server: slot.server.name, sandbox: child.id }, 'sandbox started')
    return life
  }

  async #open(slot: Slot, child: ChildSlot, { request, starting }: StartInput): Promise<PodChild> {
    const tell = (message: string): void => {
      const text = `starting ${request.server.name}: ${message}`
      if (text === starting.message) return
      starting.message = text
      for (const listener of starting.listeners) listener(text)
    }
    const { waker, folders } = this.#deps
    const command = buildCommand(request, child.key, folders)
    noteSecrets(child, listSecrets(request.args, request.env))
    const limits = { lineBytes: LIMITS.upstreamMessageBytes, stderrBytes: LIMITS.sandboxStderrBytes }
    const what = { sandboxId: child.id, key: child.key, fingerprint: request.fingerprint, ...command, limits }
    for (let attempt = 1; ; attempt++) {
      const link = await waker.wake(wishOf(slot, this.#deps), tell, starting.abort.signal)
      checkWanted(starting.abort.signal)
      child.podUid = link.podUid
      try {
        return await link.start(what)
      } catch (fault) {
        const isPassing = fault instanceof ShimFault && PASSING.has(fault.code)
        if (isPassing && attempt < ATTEMPTS) continue
        const error = toStartError(request.server.name, fault)
        if (!isPassing)
          this.#noteFailure(child, request.fingerprint, { message: error.message, livedMs: 0, answered: false })
        throw error
      }
    }
  }

  #retire(child: ChildSlot, life: PodChild): void {
    child.current = null
    if (life.gone) return
    child.retired.set(life, this.#deps.now())
    if (!life.held) void life.end('replaced')
  }

  #onExit(slot: Slot, child: ChildSlot, { life, reason }: Ending): void {
    if (child.current === life) child.current = null
    child.retired.delete(life)
    slot.lastActiveAt = Math.max(slot.lastActiveAt, life.lastActiveAt)
    child.lastOutput = noteLast(child, life)
    const said = describeExit(reason)
    this.#deps.metrics?.ended(slot.server.name, said.label)
    this.#deps.log.info({ server: slot.server.name, sandbox: child.id, reason: said.label }, 'sandbox ended')
    const { fingerprint, answered, startedAt } = life
    const livedMs = this.#deps.now() - startedAt
    if (said.failure) this.#noteFailure(child, fingerprint, { message: said.message, livedMs, answered })
    forgetEnded(slot, child)
    if (!isUsed(slot)) this.#deps.onQuiet(slot)
  }

  #noteFailure(
    child: ChildSlot,
    fingerprint: string,
    facts: { message: string; livedMs: number; answered: boolean },
  ): void {
    const before = child.failedFingerprint === fingerprint ? child.backOff : NO_FAILURES
    child.backOff = countFailure(before, { at: this.#deps.now(), livedMs: facts.livedMs, answered: facts.answered })
    child.failedFingerprint = fingerprint
    child.lastFault = facts.message
  }
}

/** The pod went, or goes; another may come. */
const PASSING: ReadonlySet<string> = new Set(['draining', 'lost', 'silent', 'closed', 'stalled'])

interface StartInput {
  readonly request: AcquireRequest
  readonly starting: Starting
}

interface Ending {
  readonly life: PodChild
  readonly reason: ExitReason
}
