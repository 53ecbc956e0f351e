// Sandboxes on one machine: which owner gets which child. One start however many wait, no child ever given to two owners, limits per user,
// back-off after crashes, drain of outdated children, everything ended on stop.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { HubError } from '@mcphub/api'
import type { Packages } from '../../packages/packages.ts'
import type { AcquireRequest, Child, EndReason, ExitReason } from '../sandboxes.ts'
import type { SandboxInfo, SandboxLogs, SandboxOutput, Sandboxes, Separation } from '../sandboxes.ts'
import { countFailure, NO_FAILURES } from './back-off.ts'
import {
  type ProcessSandboxConfig,
  SANDBOX_LIMITS,
  type SandboxLimits,
  type SandboxLog,
  type SandboxMetrics,
} from './config.ts'
import { describeExit } from './exit-words.ts'
import { type HostParts, openHost } from './host.ts'
import { type DeriveId, deriveUserName, identify } from './identity.ts'
import { waitForPackage } from './package-gate.ts'
import { removeFolder } from './remove-folder.ts'
import { findIdlest, findShortage } from './room.ts'
import { type Host, type RunningChild, startRunningChild } from './running-child.ts'
import { createSlot, isActive, type Life, listLives, presentSlot, type Slot, type Starting } from './slot.ts'
import { readLifeLimits, watchLives } from './watcher.ts'

export interface ProcessSandboxDeps {
  readonly config: ProcessSandboxConfig
  readonly packages: Packages
  readonly deriveId: DeriveId
  readonly log: SandboxLog
  readonly metrics?: SandboxMetrics
  /** ms since the epoch */
  readonly now?: () => number
}

/** Ended sandboxes whose stderr can still be read. */
const REMEMBERED = 512
/** Outdated children of one sandbox that may drain at the same time. */
const DRAINING = 3
const NOT_STARTED: Separation = { kind: 'ProcessOnly', message: 'not started' }

export function createProcessSandboxes(deps: ProcessSandboxDeps): Sandboxes {
  return new ProcessSandboxes(deps)
}

class ProcessSandboxes implements Sandboxes {
  readonly idPrefix = `${randomBytes(3).toString('hex')}-`
  readonly #deps: ProcessSandboxDeps
  readonly #limits: SandboxLimits
  readonly #now: () => number
  readonly #slots = new Map<string, Slot>()
  #host: Host | null = null
  #separation: Separation = NOT_STARTED
  #stopping = false
  #stopWatch: () => void = () => undefined

  constructor(deps: ProcessSandboxDeps) {
    this.#deps = deps
    this.#limits = { ...SANDBOX_LIMITS, ...deps.config.limits }
    this.#now = deps.now ?? Date.now
  }

  get separation(): Separation {
    return this.#separation
  }

  async start(): Promise<void> {
    const { config, log } = this.#deps
    const parts: HostParts = {
      config,
      limits: this.#limits,
      log,
      now: this.#now,
      newIncarnation: () => randomBytes(10).toString('hex'),
    }
    const { host, separation } = await openHost(parts)
    this.#host = host
    this.#separation = separation
    this.#stopping = false
    this.#stopWatch = watchLives({
      host,
      everyMs: config.watchMs ?? 1_000,
      lives: () => [...this.#slots.values()].flatMap(listLives),
      retire: (life) => this.#retireLife(life),
    })
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#stopWatch()
    await this.stopWhere(() => true, 'shutdown')
    await Promise.all([...(this.#host?.running ?? [])].map((running) => running.gone))
  }

  async acquire(request: AcquireRequest): Promise<Child> {
    if (request.signal?.aborted === true) throw new HubError('canceled', 'the request was canceled')
    const slot = this.#findSlot(request)
    const { current, starting } = slot
    if (current !== null && !current.running.child.gone && current.running.child.fingerprint === request.fingerprint) {
      current.running.child.lastActiveAt = this.#now()
      return current.running.child
    }
    if (starting !== null && starting.fingerprint !== request.fingerprint) {
      await this.#wait(starting, request).catch(() => undefined)
      return this.acquire(request)
    }
    const life = await this.#wait(starting ?? this.#begin(slot, request), request)
    // it may have been ended while we waited; whoever waited is told by its exit
    return life.running.child
  }

  list(): readonly SandboxInfo[] {
    return this.#rows().map((row) => row.info)
  }

  async listAll(): Promise<readonly SandboxInfo[]> {
    return this.list()
  }

  async logs(id: string): Promise<SandboxLogs | null> {
    const slot = this.#slots.get(id)
    return slot === undefined ? null : { userId: slot.owner.userId, server: slot.server, text: slot.stderr.read() }
  }

  async output(id: string, after: string | null): Promise<SandboxOutput | null> {
    const slot = this.#slots.get(id)
    if (slot === undefined) return null
    return { userId: slot.owner.userId, server: slot.server, ...slot.stderr.readFrom(after), isUnheard: false }
  }

  async stopOne(id: string): Promise<void> {
    await this.stopWhere((info) => info.id === id, 'stopped')
  }

  async stopWhere(predicate: (info: SandboxInfo) => boolean, reason: EndReason): Promise<number> {
    const rows = this.#rows().filter((row) => predicate(row.info))
    await Promise.all(
      rows.map(async ({ slot, life }) => {
        if (life !== null) return life.running.child.end(reason)
        const starting = slot.starting
        slot.backOff = NO_FAILURES
        starting?.abort.abort(reason)
        const late = await starting?.promise.catch(() => null)
        await late?.running.child.end(reason)
      }),
    )
    return rows.length
  }

  async forget(userId: string): Promise<void> {
    await this.stopWhere((info) => info.userId === userId, 'deleted')
    for (const [id, slot] of this.#slots) if (slot.owner.userId === userId) this.#slots.delete(id)
    const host = this.#requireHost()
    const owner = { userId, username: null, sessionId: null, discovery: false }
    const names = [owner, { ...owner, discovery: true }].map((each) => deriveUserName(this.#deps.deriveId, each))
    for (const name of names) {
      await removeFolder(join(host.paths.kept, name))
      host.uids?.free(name)
    }
  }

  #rows(): { readonly info: SandboxInfo; readonly life: Life | null; readonly slot: Slot }[] {
    const now = this.#now()
    return [...this.#slots.values()].flatMap((slot) => presentSlot(slot, now).map((row) => ({ ...row, slot })))
  }

  #requireHost(): Host {
    if (this.#host === null) throw new HubError('server_unavailable', 'the sandboxes are not started yet')
    return this.#host
  }

  #findSlot(request: AcquireRequest): Slot {
    const identity = identify(this.#deps.deriveId, request)
    const known = this.#slots.get(identity.id)
    if (known !== undefined) return known
    const { owner, server } = request
    const slot = createSlot({ identity, owner, server, stderrBytes: this.#limits.stderrBytes, now: this.#now() })
    this.#slots.set(identity.id, slot)
    this.#forgetOldest()
    return slot
  }

  #forgetOldest(): void {
    if (this.#slots.size <= REMEMBERED) return
    const now = this.#now()
    const quiet = [...this.#slots].filter(
      ([, slot]) => listLives(slot).length === 0 && slot.starting === null && slot.backOff.retryAt <= now,
    )
    if (quiet.length <= REMEMBERED) return
    const [oldest] = quiet.toSorted(([, a], [, b]) => a.lastActiveAt - b.lastActiveAt)
    if (oldest !== undefined) this.#slots.delete(oldest[0])
  }

  /** Throws at once what can be known at once; else the start goes on by itself. */
  #begin(slot: Slot, request: AcquireRequest): Starting {
    const host = this.#requireHost()
    if (this.#stopping) throw new HubError('shutting_down', 'the hub is shutting down')
    this.#checkBackOff(slot, request)
    const evicted = this.#makeRoom(slot, request)
    const abort = new AbortController()
    const listeners = new Set<(message: string) => void>()
    const starting: Starting = {
      fingerprint: request.fingerprint,
      abort,
      listeners,
      message: 'starting',
      promise: Promise.resolve(evicted).then(() => this.#startLife(host, slot, request, starting)),
    }
    starting.promise.catch(() => undefined).finally(() => (slot.starting = null))
    slot.starting = starting
    return starting
  }

  #checkBackOff(slot: Slot, request: AcquireRequest): void {
    const waitMs = slot.backOff.retryAt - this.#now()
    if (slot.failedFingerprint !== request.fingerprint || waitMs <= 0) return
    const retryAfterSeconds = Math.ceil(waitMs / 1000)
    throw new HubError(
      'sandbox_failed',
      `${request.server.name} failed: ${slot.lastFault ?? 'unknown'}; it may be tried again in ${retryAfterSeconds} s (its output: mcphub sandboxes logs ${slot.identity.id})`,
      { retryAfterSeconds },
    )
  }

  /** At the user's limit the own sandbox that was idle longest makes room; if none is idle, this start is refused. */
  #makeRoom(slot: Slot, request: AcquireRequest): Promise<void> | null {
    if (isActive(slot)) return null
    const { userId, sessionId } = request.owner
    const maxServers = request.maxRunningPerUser ?? this.#limits.perUser
    const wanted = { userId, sessionId, server: slot.server, maxServers, maxIsolated: this.#limits.isolatedPerUser }
    const shortage = findShortage(this.#slots.values(), wanted)
    if (shortage === null) return null
    const idle = findIdlest(shortage.crowd, this.#now() - this.#limits.evictIdleMs)
    if (idle !== null) return idle.running.child.end('idle')
    const advice = 'wait until one is idle or stop one (mcphub sandboxes list)'
    throw new HubError('limit_exceeded', `you already run ${shortage.what}; ${advice}`, { retryAfterSeconds: 30 })
  }

  async #startLife(host: Host, slot: Slot, request: AcquireRequest, starting: Starting): Promise<Life> {
    const began = performance.now()
    const tell = (message: string): void => {
      starting.message = message
      for (const listener of starting.listeners) listener(message)
    }
    const ready = await waitForPackage(this.#deps.packages, request.server, {
      onProgress: tell,
      signal: starting.abort.signal,
    })
    if (slot.current !== null) this.#retire(slot, slot.current)
    this.#checkAbort(starting)
    tell(`starting ${request.server.name}`)
    const running = await this.#spawn(host, slot, request, ready)
    const life: Life = { running, limits: readLifeLimits(request.server, this.#limits), retiredAt: null }
    slot.current = life
    running.child.onExit((reason) => this.#handleExit(slot, life, reason))
    this.#deps.metrics?.started(request.server.name, (performance.now() - began) / 1000)
    this.#deps.log.info({ server: slot.server, sandbox: slot.identity.id, pid: running.child.pid }, 'sandbox started')
    return life
  }

  async #spawn(
    host: Host,
    slot: Slot,
    request: AcquireRequest,
    ready: { command: readonly string[]; folder: string },
  ): Promise<RunningChild> {
    try {
      return await startRunningChild(host, {
        identity: slot.identity,
        request,
        command: ready.command,
        packageFolder: ready.folder,
        stderr: slot.stderr,
      })
    } catch (fault) {
      const message = fault instanceof HubError ? fault.message : 'its folder could not be made'
      this.#noteFailure(slot, request.fingerprint, { message, livedMs: 0, answered: false })
      throw fault instanceof HubError ? fault : new HubError('sandbox_failed', message, {}, { cause: fault })
    }
  }

  #checkAbort(starting: Starting): void {
    if (starting.abort.signal.aborted) throw new HubError('server_unavailable', 'the start was stopped')
  }

  #retire(slot: Slot, life: Life): void {
    slot.current = null
    slot.retired.add(life)
    life.retiredAt ??= this.#now()
    const surplus = [...slot.retired].slice(0, -DRAINING)
    for (const old of surplus) void old.running.child.end('replaced')
    if (!life.running.child.held) void life.running.child.end('replaced')
  }

  #retireLife(life: Life): void {
    const slot = [...this.#slots.values()].find((each) => each.current === life)
    if (slot !== undefined) this.#retire(slot, life)
  }

  #handleExit(slot: Slot, life: Life, reason: ExitReason): void {
    const { child, startedAt } = life.running
    if (slot.current === life) slot.current = null
    slot.retired.delete(life)
    slot.lastActiveAt = child.lastActiveAt
    const said = describeExit(reason)
    this.#deps.metrics?.ended(slot.server, said.label)
    this.#deps.log.info({ server: slot.server, sandbox: slot.identity.id, reason: said.label }, 'sandbox ended')
    if (!said.failure) return
    this.#noteFailure(slot, child.fingerprint, {
      message: said.message,
      livedMs: this.#now() - startedAt,
      answered: child.answered,
    })
  }

  #noteFailure(slot: Slot, fingerprint: string, facts: { message: string; livedMs: number; answered: boolean }): void {
    const before = slot.failedFingerprint === fingerprint ? slot.backOff : NO_FAILURES
    slot.backOff = countFailure(before, { at: this.#now(), livedMs: facts.livedMs, answered: facts.answered })
    slot.failedFingerprint = fingerprint
    slot.lastFault = facts.message
  }

  /** One waiter: gives up after `sandboxStartMs` or when its own signal fires; the start goes on for the others. */
  #wait(starting: Starting, request: AcquireRequest): Promise<Life> {
    const { onProgress, signal, server } = request
    if (onProgress !== undefined) {
      starting.listeners.add(onProgress)
      onProgress(starting.message)
    }
    return new Promise<Life>((resolve, reject) => {
      const late = (): void =>
        reject(
          new HubError('sandbox_starting', `${server.name} is still starting (${starting.message}); try again`, {
            retryAfterSeconds: 5,
          }),
        )
      const timer = setTimeout(late, this.#limits.startMs)
      const giveUp = (): void => reject(new HubError('canceled', 'the request was canceled while the server started'))
      signal?.addEventListener('abort', giveUp, { once: true })
      void starting.promise.then(resolve, reject).finally(() => clearTimeout(timer))
      void starting.promise.catch(() => undefined).finally(() => signal?.removeEventListener('abort', giveUp))
    }).finally(() => {
      if (onProgress !== undefined) starting.listeners.delete(onProgress)
    })
  }
}
