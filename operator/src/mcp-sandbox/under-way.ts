// What this replica has begun for sandboxes and its stores do not show yet: starts that count for a person's limit, pods of pools that are about
// to be taken, statuses that are on their way back. Without it two workers would give away the same thing, and a reconcile would do twice what
// it just did.
import { Expectations, keyOf, type Change } from '@mcphub/kube'
import type { PodObject, SandboxObject } from '../resources.ts'
import type { UnderWay } from './gather.ts'

export class BegunWork implements UnderWay {
  readonly #expectations = new Expectations()
  readonly #starting = new Set<string>()
  /** pod of a pool → the sandbox that is about to take it */
  readonly #claims = new Map<string, string>()
  /** pod → its sandbox */
  readonly #ended = new Map<string, string>()
  /** sandbox → the version that was there before our last status, or its deletion */
  readonly #overwritten = new Map<string, string>()

  isStarting(key: string): boolean {
    return this.#starting.has(key)
  }

  isClaimedByOther(podUid: string, key: string): boolean {
    const claimer = this.#claims.get(podUid)
    return claimer !== undefined && claimer !== key
  }

  /** Whether the stores show all that was done for this sandbox. */
  isVisible(sandbox: SandboxObject): boolean {
    const key = keyOf(sandbox)
    if (this.#overwritten.get(key) === sandbox.metadata.resourceVersion) return false
    this.#overwritten.delete(key)
    return this.#expectations.areMet(key)
  }

  /** Before anything is awaited, so that no other worker plans with the same place or pod. */
  beginStart(key: string, podUid?: string): void {
    this.#starting.add(key)
    if (podUid !== undefined) this.#claims.set(podUid, key)
  }

  expectPod(key: string, podName: string): void {
    this.#expectations.expectCreation(key, podName)
  }

  /** Nothing came of it. */
  endStart(key: string, podName: string, podUid?: string): void {
    this.#starting.delete(key)
    if (podUid !== undefined) this.#claims.delete(podUid)
    this.#expectations.creationObserved(key, podName)
  }

  /** This replica ends the pod: nothing is built on it any more. */
  podEnded(key: string, podUid: string): void {
    this.#ended.set(podUid, key)
  }

  /** It did not come to that. */
  podNotEnded(podUid: string): void {
    this.#ended.delete(podUid)
  }

  isEnded(podUid: string): boolean {
    return this.#ended.has(podUid)
  }

  statusWritten(sandbox: SandboxObject, newVersion: string): void {
    if (newVersion !== sandbox.metadata.resourceVersion)
      this.#overwritten.set(keyOf(sandbox), sandbox.metadata.resourceVersion)
  }

  /** Deleted, which the store does not show yet. */
  sandboxDeleted(sandbox: SandboxObject): void {
    this.#overwritten.set(keyOf(sandbox), sandbox.metadata.resourceVersion)
  }

  /** The watch told of a pod of this sandbox, or of one that was. */
  podObserved(change: Change<PodObject>, owner: string | null): void {
    const { metadata } = change.type === 'deleted' ? change.before : change.item
    const ends = change.type === 'deleted' || metadata.deletionTimestamp !== undefined
    if (ends) this.#ended.delete(metadata.uid)
    if (ends || owner !== null) this.#claims.delete(metadata.uid)
    if (owner !== null && change.type !== 'deleted') this.endStart(owner, metadata.name)
  }

  /** The sandbox is gone. */
  forget(key: string): void {
    this.#starting.delete(key)
    this.#overwritten.delete(key)
    this.#expectations.forget(key)
    for (const pods of [this.#claims, this.#ended])
      for (const [uid, sandbox] of pods) if (sandbox === key) pods.delete(uid)
  }
}
