// What this replica has begun for sandboxes and its stores do not show yet: starts that count for a person's limit, pods of pools that are about
// to be taken, statuses that are on their way back. Without it two workers would give away the same thing, and a reconcile would do twice what
// it just did.
import { Expectations, itemOf, keyOf, type Change } from '@mcphub/kube'
import type { PodObject, SandboxObject } from '../resources.ts'
import type { UnderWay } from './gather.ts'

export class BegunWork implements UnderWay {
  readonly #expectations = new Expectations()
  readonly #starting = new Set<string>()
  /** pod of a pool → the sandbox that is about to take it */
  readonly #claims = new Map<string, string>()
  /** pod → the grace it was ended with, in seconds; null: its own */
  readonly #ended = new Map<string, number | null>()
  /** sandbox → the version that was there before our last status, or its deletion */
  readonly #overwritten = new Map<string, string>()
  /** sandbox → when the first news came that waits for the stores to show what was done, on the clock of `performance.now()` */
  readonly #putOff = new Map<string, number>()

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

  /** It is looked at again when the stores show more. */
  putOff(key: string, readySinceMs: number): void {
    this.#putOff.set(key, Math.min(readySinceMs, this.#putOff.get(key) ?? Infinity))
  }

  /** @returns since when this look is due, those that were put off included */
  takeUp(key: string, readySinceMs: number): number {
    const sinceMs = Math.min(readySinceMs, this.#putOff.get(key) ?? Infinity)
    this.#putOff.delete(key)
    return sinceMs
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

  /** This replica ends the pod, which its store still has: nothing is built on it any more. */
  podEnded(podUid: string, graceSeconds: number | null): void {
    this.#ended.set(podUid, graceSeconds)
  }

  /** It did not come to that. */
  podNotEnded(podUid: string): void {
    this.#ended.delete(podUid)
  }

  /** A pod as it soon will look. */
  asEnded(pod: PodObject): PodObject {
    const grace = this.#ended.get(pod.metadata.uid)
    if (grace === undefined) return pod
    const { deletionTimestamp = new Date(0).toISOString(), ...metadata } = pod.metadata
    const left = grace === null ? {} : { deletionGracePeriodSeconds: grace }
    return { ...pod, metadata: { ...metadata, deletionTimestamp, ...left } }
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
    const { metadata } = itemOf(change)
    const ends = change.type === 'deleted' || metadata.deletionTimestamp !== undefined
    if (ends && (change.type === 'deleted' || this.#isTold(metadata))) this.#ended.delete(metadata.uid)
    if (ends || owner !== null) this.#claims.delete(metadata.uid)
    if (owner !== null && change.type !== 'deleted') this.endStart(owner, metadata.name)
  }

  /** The sandbox is gone. */
  forget(key: string): void {
    this.#starting.delete(key)
    this.#overwritten.delete(key)
    this.#putOff.delete(key)
    this.#expectations.forget(key)
    for (const [uid, sandbox] of this.#claims) if (sandbox === key) this.#claims.delete(uid)
  }

  /** Of a pod that ends: as soon as it was asked to, or sooner. Somebody else's deletion may come first, with a longer grace. */
  #isTold({ uid, deletionGracePeriodSeconds: left }: PodObject['metadata']): boolean {
    const grace = this.#ended.get(uid) ?? null
    return grace === null || typeof left !== 'number' || left <= grace
  }
}
