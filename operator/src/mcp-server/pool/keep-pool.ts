// Keeps a server's warm pool at its size: makes what is missing, removes what is too much, of an older template or ended. A cache that is
// behind never leads to a second create; a pod that somebody takes at that moment is never removed: its version is a precondition.
import { randomInt } from 'node:crypto'
import { LABELS } from '@mcphub/api'
import { Expectations, KubeError, PODS, isConflict, isNotFound, itemOf, keyOf } from '@mcphub/kube'
import type { Change, KubeClient, KubeObject } from '@mcphub/kube'
import { faultOf, podRefused, slowStart, unschedulable, type Reason } from '../../mcp-sandbox/reasons.ts'
import { buildPod } from '../../pods/build-pod.ts'
import { AT_ONCE_SECONDS } from '../../pods/grace.ts'
import type { PodObject, ServerObject } from '../../resources.ts'
import type { PoolWish } from '../desired.ts'
import { hasEnded, planPool, type PoolPlan } from './plan-pool.ts'
import { PoolTroubles } from './pool-troubles.ts'

/** What it is now, before what was just done shows. */
export interface PoolView extends Pick<PoolPlan, 'replicas' | 'readyReplicas' | 'complete'> {
  /** why it is not complete and will not be soon */
  readonly fault: Reason | null
  /** in ms; nothing but time brings the next step */
  readonly lookAgainMs: number | null
}

export interface PoolInput {
  readonly server: ServerObject
  readonly wish: PoolWish
  /** of the server's pool by label and owner */
  readonly pods: readonly PodObject[]
  /** no pod may be made yet */
  readonly closed: boolean
  readonly now: Date
}

/** How long the cache may take to show what was done. */
const LAG_MS = 60_000
/** A pod that starts for longer is told of: by then everything but a large image has come. */
const SLOW_MS = 60_000
const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567'
const randomSuffix = (): string => Array.from({ length: 5 }, () => LETTERS[randomInt(LETTERS.length)]).join('')

export class PoolKeeper {
  readonly #client: KubeClient
  readonly #troubles = new PoolTroubles()
  readonly #expectations = new Expectations({ expiryMs: LAG_MS })

  constructor(client: KubeClient) {
    this.#client = client
  }

  /** Before the controller hears of the change: its reconcile asks whether the cache is up to date. */
  observe(change: Change<PodObject>): void {
    const { metadata } = itemOf(change)
    const owner = serverKeyOf(metadata)
    if (owner === null) return
    if (change.type === 'added') this.#expectations.creationObserved(owner, metadata.name)
    if (change.type === 'deleted' || metadata.deletionTimestamp !== undefined)
      this.#expectations.deletionObserved(owner, metadata.uid)
  }

  /** @throws KubeError for what the queue's own back-off is for */
  async keep(input: PoolInput, signal: AbortSignal): Promise<PoolView> {
    const { server, wish, pods, closed } = input
    const key = keyOf(server)
    const plan = planPool({ ...wish, pods })
    if (!this.#expectations.areMet(key)) return this.#view(input, plan, LAG_MS)
    for (const pod of plan.remove) await this.#remove(key, pod, signal)
    this.#noteEnded(key, wish, plan)
    if (!closed) await this.#createMissing(input, plan.create, signal)
    return this.#view(input, plan, null)
  }

  /** The server is gone. */
  forget(key: string): void {
    this.#troubles.forget(key)
    this.#expectations.forget(key)
  }

  async #createMissing({ server, wish }: PoolInput, count: number, signal: AbortSignal): Promise<void> {
    const key = keyOf(server)
    for (let made = 0; made < count; made++) {
      if ((this.#troubles.find(key, wish.templateHash)?.waitMs ?? 0) > 0) return
      await this.#create(key, server, wish, signal)
    }
  }

  async #create(key: string, { metadata }: ServerObject, wish: PoolWish, signal: AbortSignal): Promise<void> {
    const pod = buildPod(wish.template, { kind: 'pool', uid: metadata.uid, suffix: randomSuffix() })
    const { name } = pod.metadata
    this.#expectations.expectCreation(key, name)
    try {
      await this.#client.create(PODS, pod, { signal })
    } catch (error) {
      if (await this.#mayExist(error, pod, signal)) throw error
      this.#expectations.creationObserved(key, name)
      if (!isRefusal(error)) throw error
      this.#troubles.add(key, wish.templateHash, podRefused(error.message))
    }
  }

  /** No answer says nothing: the pod may be there, and then the watch will tell of it. */
  async #mayExist(error: unknown, { metadata }: KubeObject, signal: AbortSignal): Promise<boolean> {
    if (error instanceof KubeError && error.code > 0 && error.code < 500) return false
    return this.#client.get(PODS, metadata, signal).then(
      () => true,
      (other: unknown) => !isNotFound(other),
    )
  }

  async #remove(key: string, { metadata }: PodObject, signal: AbortSignal): Promise<void> {
    const { uid, resourceVersion } = metadata
    this.#expectations.expectDeletion(key, uid)
    try {
      await this.#client.delete(PODS, metadata, { uid, resourceVersion, gracePeriodSeconds: AT_ONCE_SECONDS, signal })
    } catch (error) {
      this.#expectations.deletionObserved(key, uid)
      // taken, changed or gone meanwhile: the watch tells, and the next reconcile decides anew
      if (isConflict(error) || isNotFound(error)) return
      throw error
    }
  }

  /** However many ended together, it is one failure. */
  #noteEnded(key: string, { templateHash }: PoolWish, { remove }: PoolPlan): void {
    const ended = remove.filter((pod) => hasEnded(pod) && pod.metadata.labels?.[LABELS.templateHash] === templateHash)
    const fault = ended[0] && faultOf(ended[0])
    if (fault) this.#troubles.add(key, templateHash, fault)
  }

  #view(input: PoolInput, plan: PoolPlan, lagMs: number | null): PoolView {
    const trouble = this.#troubles.find(keyOf(input.server), input.wish.templateHash)
    const waits = plan.create > 0 && trouble !== null && trouble.waitMs > 0
    const stuck = plan.starting.map((pod) => whyStuck(pod, input.now)).find((fault) => fault !== null)
    const due = [lagMs, waits ? trouble.waitMs : null, ...plan.starting.map((pod) => slowInMs(pod, input.now))]
    return {
      replicas: plan.replicas,
      readyReplicas: plan.readyReplicas,
      complete: plan.complete,
      fault: stuck ?? (waits ? trouble.why : null),
      lookAgainMs: due.filter((wait) => wait !== null).toSorted((a, b) => a - b)[0] ?? null,
    }
  }
}

/** Why a pod that starts will not soon run; null while it may. */
function whyStuck(pod: PodObject, now: Date): Reason | null {
  if (pod.unschedulable !== null) return unschedulable(pod.unschedulable)
  return faultOf(pod) ?? (slowInMs(pod, now) === null ? slowStart(SLOW_MS / 1000) : null)
}

/** When a pod that starts has taken too long, in ms; null: it has. */
function slowInMs({ metadata }: PodObject, now: Date): number | null {
  const wait = Date.parse(metadata.creationTimestamp ?? '') + SLOW_MS - now.getTime()
  // a clock that is behind the cluster's would wait for hours
  return wait > 0 ? Math.min(wait, SLOW_MS) : null
}

/** The API server understood and does not want it: admission, quota, a field. */
const isRefusal = (error: unknown): error is KubeError =>
  error instanceof KubeError && (error.code === 403 || error.code === 422 || error.code === 400)

/** By label: the pod keeps it when it is taken. */
function serverKeyOf({ namespace, labels }: PodObject['metadata']): string | null {
  const name = labels?.[LABELS.server]
  return name === undefined ? null : `${namespace}/${name}`
}
