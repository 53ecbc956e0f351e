// From a sleeping sandbox to a connection with its pod: one write to the McpSandbox, then nothing but waiting on watches, the shims' call-home and
// what Kubernetes says meanwhile. Knows no children.
import { HubError, LABELS } from '@mcphub/api'
import { isReason, KubeError, type KubeClient, type KubeObject } from '@mcphub/kube'
import type { SandboxLog } from '../process/config.ts'
import type { CatalogDoubts } from './catalog-doubts.ts'
import type { ClusterView } from './cluster-view.ts'
import { fromTime, isBeyond, toTime } from './lease.ts'
import type { SandboxIdentity } from './names.ts'
import type { PodLinks } from './pod-links.ts'
import { describeWaiting, findBackOff, findStartFault, type StartFault } from './pod-facts.ts'
import { MCP_SANDBOXES, toSandboxView, type SandboxView } from './resources.ts'
import type { ShimLink } from './shim-link.ts'

export interface Wish {
  readonly identity: SandboxIdentity
  readonly server: { readonly name: string; readonly uid: string }
  /** names of UserGroups whose limits hold */
  readonly groups: readonly string[]
  readonly idleMs: number
  /** what a wake gives, before any call was made: a start may take longer than a short idle time */
  readonly wakeMs: number
}

export interface WakerDeps {
  readonly client: KubeClient
  readonly namespace: string
  readonly view: ClusterView
  readonly links: PodLinks
  readonly doubts: Pick<CatalogDoubts, 'concern'>
  readonly log: SandboxLog
  /** ms since the epoch */
  readonly now: () => number
}

interface Woken {
  readonly generation: number
  readonly at: number
  wasSeen: boolean
  /** somebody else had written into the spec: an earlier failure says nothing for a while */
  readonly isCorrection: boolean
}

interface Progress {
  readonly woken: Woken | null
  /** that may still be made */
  readonly corrections: number
}

/** A watch tells all that matters; this is for times that pass and for connections that failed. */
const LOOK_MS = 1_000
const PAUSE_MS = 100
/** lost races in a row, and calls without an answer, until a write is given up */
const RACES = 10
const TRIES = 3
/** how often one wake takes back what somebody else writes into the spec, and how long it gives the operator to look at that */
const CORRECTIONS = 3
const CORRECTION_MS = 5_000

export class Waker {
  readonly #deps: WakerDeps

  constructor(deps: WakerDeps) {
    this.#deps = deps
  }

  /**
   * A connection to the running pod of this sandbox. Waits as long as `signal` lets it.
   * @throws HubError `sandbox_failed` at once when waiting cannot help
   */
  async wake(wish: Wish, tell: (message: string) => void, signal: AbortSignal): Promise<ShimLink> {
    const { view, now } = this.#deps
    const { name } = wish.identity
    let woken: Woken | null = null
    let corrections = CORRECTIONS
    for (;;) {
      checkWanted(signal)
      const change = this.#nextChange(name, signal)
      const link = await this.#connect(wish, signal)
      if (link !== null) return link
      const sandbox = view.findSandbox(name)
      if (this.#isOver(wish, woken, sandbox)) woken = null
      const isForeign: boolean = await this.#judge(wish, sandbox, { woken, corrections })
      if (isForeign) corrections--
      if (woken === null || isForeign) {
        const generation = await this.#tryEnsure(wish, tell, signal)
        if (generation === null) await change
        else woken = { generation, at: now(), wasSeen: false, isCorrection: isForeign }
        continue
      }
      woken.wasSeen ||= sandbox !== undefined
      tell(describeWaiting(sandbox, sandbox && view.usablePodsOf(sandbox)[0]))
      await change
    }
  }

  /** True: what stands against it is of a spec that somebody else wrote. @throws HubError where it is of what is wished */
  async #judge(wish: Wish, sandbox: SandboxView | undefined, { woken, corrections }: Progress): Promise<boolean> {
    const fault = sandbox === undefined ? null : this.#findFault(sandbox, woken)
    if (sandbox === undefined || fault === null) return false
    if (corrections > 0 && (await this.#isForeign(wish, sandbox))) return true
    throw this.#failed(wish, fault)
  }

  /** Null: the cluster cannot count sandboxes yet (it learns of a new kind within half a minute); to be tried again. */
  async #tryEnsure(wish: Wish, tell: (message: string) => void, signal: AbortSignal): Promise<number | null> {
    try {
      return await this.ensure(wish, signal)
    } catch (error) {
      const { cause } = error as HubError
      if (!isReason(cause, 'Forbidden') || !/status unknown for quota/.test((cause as KubeError).message)) throw error
      tell('the cluster does not know its quota yet')
      return null
    }
  }

  /** The wake came to nothing: its time is over, or somebody deleted the sandbox. */
  #isOver({ wakeMs }: Wish, woken: Woken | null, sandbox: SandboxView | undefined): boolean {
    if (woken === null) return false
    const { at, wasSeen } = woken
    return (sandbox === undefined && wasSeen) || this.#deps.now() - at > wakeMs * 0.9
  }

  /** The McpSandbox is there, wanted, and has time left; nothing is written when that is so already. @returns its generation. @throws HubError */
  async ensure(wish: Wish, signal?: AbortSignal): Promise<number> {
    const { view, namespace, client } = this.#deps
    const { name } = wish.identity
    let known = view.findSandbox(name)
    for (let attempt = 1; ; attempt++) {
      checkWanted(signal)
      try {
        if (known === undefined || known.metadata.deletionTimestamp !== undefined) return await this.#create(wish)
        return await this.#revive(wish, known, signal)
      } catch (error) {
        if (attempt >= triesOf(error)) throw toHubFault(wish, error)
        await this.#nextChange(name, AbortSignal.timeout((attempt - 1) * PAUSE_MS))
        const live = await client.get(MCP_SANDBOXES, { namespace, name }).catch(() => null)
        known = live === null ? undefined : toSandboxView(live)
      }
    }
  }

  /** Writes some fields of the spec, if it is there, and waits for the watch to tell of it. `version`: only if nobody has written since. */
  async patch(name: string, spec: object, version?: string): Promise<void> {
    const { client, namespace, view } = this.#deps
    const precondition = version === undefined ? {} : { metadata: { resourceVersion: version } }
    const before = view.findSandbox(name)?.metadata.resourceVersion
    try {
      const patch = { type: 'merge' as const, body: { ...precondition, spec } }
      const { metadata } = await client.patch(MCP_SANDBOXES, { namespace, name }, patch)
      const isBehind = view.findSandbox(name)?.metadata.resourceVersion === before
      if (metadata.resourceVersion !== before && isBehind) await this.#nextChange(name, AbortSignal.timeout(LOOK_MS))
    } catch (error) {
      // the next look decides again
      if (!isReason(error, 'NotFound') && !(version !== undefined && isReason(error, 'Conflict'))) throw error
    }
  }

  /** All that carry this person's hash. Not from the watch: what was made a moment ago must go, too. */
  async removeAllOf(userRef: string, signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#deps
    const query = { namespace, labelSelector: `${LABELS.userHash}=${userRef}`, signal }
    for (let next: string | null | undefined; next !== null;) {
      const page = await client.listPage(MCP_SANDBOXES, query, next === undefined ? {} : { next })
      const left = page.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      for (const object of left) await this.remove(toSandboxView(object), signal)
      next = page.next
    }
  }

  async remove({ metadata: { name, uid } }: SandboxView, signal?: AbortSignal): Promise<void> {
    const { client, namespace } = this.#deps
    try {
      await client.delete(MCP_SANDBOXES, { namespace, name }, { uid, propagationPolicy: 'Background', signal })
    } catch (error) {
      if (!isReason(error, 'NotFound', 'Conflict')) throw error
    }
  }

  async #create({ identity, server, groups, wakeMs }: Wish): Promise<number> {
    const { client, namespace, now } = this.#deps
    const { name, userRef } = identity
    const object: KubeObject = {
      metadata: {
        name,
        namespace,
        labels: { [LABELS.server]: server.name, ...(userRef === null ? {} : { [LABELS.userHash]: userRef }) },
      },
      spec: {
        serverRef: { name: server.name, uid: server.uid },
        ...(userRef === null ? {} : { userRef }),
        userGroupRefs: groups,
        operatingMode: 'Auto',
        activeUntilTime: toTime(now() + wakeMs),
      },
    }
    const made = await client.create(MCP_SANDBOXES, object)
    return made.metadata.generation ?? 1
  }

  async #revive(wish: Wish, sandbox: SandboxView, signal: AbortSignal | undefined): Promise<number> {
    checkOwner(wish, sandbox)
    const { metadata, spec } = sandbox
    const { client, namespace, now } = this.#deps
    const { wakeMs } = wish
    const foreign = await this.#findForeign(wish, sandbox)
    checkWanted(signal)
    const isShort = fromTime(spec.activeUntilTime) - now() < wakeMs / 2
    const changes = { ...foreign, ...(isShort ? { activeUntilTime: toTime(now() + wakeMs) } : {}) }
    if (Object.keys(changes).length === 0) return metadata.generation ?? 1
    const patch = { type: 'merge' as const, body: { metadata: { uid: metadata.uid }, spec: changes } }
    const written = await client.patch(MCP_SANDBOXES, { namespace, name: metadata.name }, patch)
    return written.metadata.generation ?? 1
  }

  /** What of the spec is not as this hub decides, as it is to be; a lease that ran low is not among it. @throws KubeError */
  async #findForeign({ groups, wakeMs }: Wish, sandbox: SandboxView): Promise<object> {
    const { doubts, now } = this.#deps
    const { userGroupRefs = [], operatingMode, activeUntilTime } = sandbox.spec
    const isSame = JSON.stringify(userGroupRefs) === JSON.stringify(groups)
    const keepsGroups = isSame || (await doubts.concern(sandbox))
    const isLong = isBeyond(fromTime(activeUntilTime), { now: now(), idleMs: wakeMs })
    return {
      ...(isLong ? { activeUntilTime: toTime(now() + wakeMs) } : {}),
      ...(operatingMode === 'Suspended' ? { operatingMode: 'Auto' } : {}),
      ...(keepsGroups ? {} : { userGroupRefs: groups }),
    }
  }

  /** A failure of what somebody else wrote is none of what is wished. Where that cannot be known, it counts. */
  async #isForeign(wish: Wish, sandbox: SandboxView): Promise<boolean> {
    const foreign = await this.#findForeign(wish, sandbox).catch(() => ({}))
    return Object.keys(foreign).length > 0
  }

  /** Null: no pod can be talked to now. */
  async #connect(wish: Wish, signal: AbortSignal): Promise<ShimLink | null> {
    const { view, links, log } = this.#deps
    const sandbox = view.findSandbox(wish.identity.name)
    if (sandbox === undefined || sandbox.metadata.deletionTimestamp !== undefined) return null
    checkOwner(wish, sandbox)
    for (const pod of view.usablePodsOf(sandbox)) {
      const link = await links.open(pod)
      if (link === null) continue
      // one that is about to be reaped, or belongs to somebody who was suspended; not if the start was stopped meanwhile: that must last
      if (this.#isAsleep(wish))
        await this.ensure(wish, signal).catch((error: unknown) => {
          if (!signal.aborted) log.warn({ err: error }, 'no wake')
        })
      checkWanted(signal)
      return link
    }
    return null
  }

  #isAsleep({ identity, idleMs }: Wish): boolean {
    const spec = this.#deps.view.findSandbox(identity.name)?.spec
    if (spec === undefined) return false
    return spec.operatingMode === 'Suspended' || fromTime(spec.activeUntilTime) - this.#deps.now() < idleMs / 10
  }

  /** What stands against a start, or against the one under way. The operator says nothing twice: after a while its last word holds. */
  #findFault(sandbox: SandboxView, woken: Woken | null): StartFault | null {
    const now = this.#deps.now()
    if (woken === null) return findBackOff(sandbox, now)
    const fault = findStartFault(sandbox, woken.generation)
    if (fault !== null || !woken.isCorrection || now < woken.at + CORRECTION_MS) return fault
    return findBackOff(sandbox, now)
  }

  #failed({ server }: Wish, { reason, message, retryAt }: StartFault): HubError {
    const waitMs = (retryAt ?? 0) - this.#deps.now()
    const retryAfterSeconds = waitMs > 0 ? Math.ceil(waitMs / 1000) : undefined
    const again = retryAfterSeconds === undefined ? '' : `; it may be tried again in ${retryAfterSeconds} s`
    return new HubError('sandbox_failed', `Server "${server.name}" cannot start: ${reason}: ${message}${again}`, {
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      data: { server: server.name, reason },
    })
  }

  #nextChange(name: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer)
        stop()
        signal.removeEventListener('abort', finish)
        resolve()
      }
      const timer = setTimeout(finish, LOOK_MS)
      const stop = this.#deps.view.onName(name, finish)
      signal.addEventListener('abort', finish)
    })
  }
}

/** @throws HubError when the start was stopped meanwhile */
export function checkWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new HubError('server_unavailable', 'the start was stopped')
}

/** A name is no proof: whoever made an object under it for another server or person must not get the values meant for this one. */
function checkOwner({ identity, server }: Wish, { metadata, spec }: SandboxView): void {
  if (spec.serverRef.uid === server.uid && (spec.userRef ?? null) === identity.userRef) return
  const text = `McpSandbox "${metadata.name}" belongs to another server or person; an administrator has to delete it`
  throw new HubError('sandbox_failed', text, { data: { server: server.name, reason: 'ForeignSandbox' } })
}

/** How often a write is tried that failed like this. */
function triesOf(error: unknown): number {
  if (isReason(error, 'AlreadyExists', 'NotFound', 'Conflict')) return RACES
  return isReason(error, 'Transport', 'Deadline', 'InternalError', 'ServiceUnavailable') ? TRIES : 1
}

function toHubFault({ server }: Wish, error: unknown): unknown {
  if (!(error instanceof KubeError)) return error
  const data = { server: server.name, reason: error.reason }
  if (isReason(error, 'Forbidden', 'Invalid', 'BadRequest'))
    return new HubError(
      'sandbox_failed',
      `The cluster refuses a sandbox for server "${server.name}"`,
      { data },
      { cause: error },
    )
  const text = `The cluster does not answer; server "${server.name}" cannot be started now`
  return new HubError('server_unavailable', text, { retryAfterSeconds: 5, data }, { cause: error })
}
