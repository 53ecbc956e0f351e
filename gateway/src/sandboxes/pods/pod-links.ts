// This replica's connections to pods: one for each, opened when first needed. What runs on a connection that is lost learns why in the words of
// Kubernetes, for which a moment is waited.
import type { ExitReason } from '../sandboxes.ts'
import type { SandboxLog } from '../process/config.ts'
import type { ClusterView } from './cluster-view.ts'
import type { PodChild } from './pod-child.ts'
import { explainPodEnd, isUsable } from './pod-facts.ts'
import type { PodView } from './resources.ts'
import type { ShimDirectory } from './shim-directory.ts'
import { type AttachOptions, type ShimFault, ShimLink } from './shim-link.ts'

export interface PodLinksDeps extends Pick<AttachOptions, 'replica' | 'prefix' | 'sign' | 'now' | 'lookMs'> {
  readonly view: ClusterView
  readonly directory: ShimDirectory
  readonly log: SandboxLog
  /** how long Kubernetes may take to say why a connection was lost */
  readonly explainMs?: number
}

const EXPLAIN_MS = 2_000
/** after a connection that failed */
const PAUSE_MS = 250

export class PodLinks {
  readonly #deps: PodLinksDeps
  readonly #links = new Map<string, ShimLink>()
  readonly #opening = new Map<string, Promise<ShimLink | null>>()
  readonly #failedAt = new Map<string, number>()
  readonly #unsubscribe: () => void

  constructor(deps: PodLinksDeps) {
    this.#deps = deps
    this.#unsubscribe = deps.view.onPod((pod, isGone) => {
      const { uid } = pod.metadata
      if (isGone) this.#failedAt.delete(uid)
      const link = this.#links.get(uid)
      if (isGone) link?.close()
      else if (!isUsable(pod)) link?.drain()
    })
  }

  find(podUid: string): ShimLink | undefined {
    return this.#links.get(podUid)
  }

  /** Null: it cannot be talked to (yet). */
  open({ metadata: { uid }, addresses }: PodView): Promise<ShimLink | null> {
    const known = this.#links.get(uid)
    if (known !== undefined) return Promise.resolve(known.isDraining ? null : known)
    const shim = this.#deps.directory.find(uid)
    const [host] = addresses
    const isPaused = performance.now() - (this.#failedAt.get(uid) ?? -Infinity) < PAUSE_MS
    if (shim === undefined || host === undefined || isPaused) return Promise.resolve(null)
    const { port, fingerprint } = shim
    const opening = this.#opening.get(uid) ?? this.#attach({ podUid: uid, host, port, fingerprint })
    this.#opening.set(uid, opening)
    return opening
  }

  /** Children go on in their pods, for other replicas. */
  close(): void {
    this.#unsubscribe()
    for (const link of this.#links.values()) link.close()
  }

  async #attach(to: Pick<AttachOptions, 'podUid' | 'host' | 'port' | 'fingerprint'>): Promise<ShimLink | null> {
    const { podUid } = to
    const { replica, prefix, sign, now, lookMs, log } = this.#deps
    try {
      const link = await ShimLink.attach({ ...to, replica, prefix, sign, now, lookMs })
      this.#links.set(podUid, link)
      link.onLost((children, fault) => {
        this.#links.delete(podUid)
        void this.#tellLoss(podUid, children, fault)
      })
      return link.isDraining ? null : link
    } catch (error) {
      this.#failedAt.set(podUid, performance.now())
      log.warn({ err: error, pod: podUid }, 'a pod could not be talked to')
      return null
    } finally {
      this.#opening.delete(podUid)
    }
  }

  async #tellLoss(podUid: string, children: readonly PodChild[], fault: ShimFault): Promise<void> {
    if (children.length === 0) return
    const reason = await this.#explain(podUid, fault)
    for (const child of children) child.lose(reason)
  }

  #explain(podUid: string, { code, message }: ShimFault): Promise<ExitReason> {
    const { view, explainMs } = this.#deps
    const look = (): ExitReason | null => {
      const end = explainPodEnd(view.findPod(podUid))
      return end && { kind: 'lost', ...end }
    }
    const known = look()
    if (known !== null) return Promise.resolve(known)
    // Kubernetes learns of a lost node far later
    if (code === 'silent') return Promise.resolve({ kind: 'lost', reason: 'LinkLost', message })
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer)
        stop()
        resolve(look() ?? { kind: 'lost', reason: 'LinkLost', message: 'the connection to its pod was lost' })
      }
      const timer = setTimeout(finish, explainMs ?? EXPLAIN_MS)
      const stop = view.onPod(() => look() !== null && finish())
    })
  }
}
