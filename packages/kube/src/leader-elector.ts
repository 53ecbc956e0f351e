// One of several replicas leads, by a Lease. Only this process' own clock counts: how long the others' last sign of life was seen ago, not
// the time written into it. It tolerates clocks that are wrong. Whoever asks `isLeading` before each write's first byte keeps a leader that was
// paused from writing on; bytes that left already are not called back, so every write must be harmless twice.
import { setTimeout as wait } from 'node:timers/promises'
import type { KubeClient } from './client.ts'
import { isConflict, isNotFound } from './kube-error.ts'
import { LEASES, type KubeObject, type Stored } from './objects.ts'

export interface LeaderElectorOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly name: string
  /** of this replica; unique */
  readonly identity: string
  /** others wait so long after the last sign of life; default 15 s */
  readonly leaseSeconds?: number
  /** the leader gives up when it could not renew for so long; default 10 s */
  readonly renewDeadlineMs?: number
  /** between two tries; default 2 s */
  readonly retryMs?: number
  readonly onError?: (error: unknown) => void
}

interface LeaseSpec {
  readonly holderIdentity?: string | null
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}
type Lease = KubeObject & Stored & { readonly spec?: LeaseSpec }

const LEASE_SECONDS = 15
const RENEW_DEADLINE_MS = 10_000
const RETRY_MS = 2000

export class LeaderElector {
  readonly #options: LeaderElectorOptions
  readonly #retryMs: number
  readonly #deadlineMs: number
  readonly #lost = new AbortController()
  readonly #stop = new AbortController()
  #lease: Lease | null = null
  #sign = ''
  #signSeenMs = 0
  #renewedMs = 0
  #renewing: Promise<void> | null = null

  constructor(options: LeaderElectorOptions) {
    this.#options = options
    this.#retryMs = options.retryMs ?? RETRY_MS
    this.#deadlineMs = options.renewDeadlineMs ?? RENEW_DEADLINE_MS
  }

  /** Aborted when this replica led and does so no longer. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** This replica holds the lease and renewed it in time: nobody else leads yet. False from the moment its time is over, before anything else noticed. */
  get isLeading(): boolean {
    return this.#renewing !== null && !this.#stop.signal.aborted && !this.#isOverdue()
  }

  /** Resolves true when this replica leads, false when the signal ended the wait. */
  async acquire(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      const began = performance.now()
      if (await this.#attempt(signal)) {
        this.#renewedMs = began
        this.#renewing = this.#keepRenewing()
        return true
      }
      // spread, so that replicas do not ask in step
      await wait(this.#retryMs * (1 + 0.2 * Math.random()), undefined, { signal }).catch(() => undefined)
    }
    return false
  }

  /** Ends the lead at once, so that another need not wait for its end. */
  async release(): Promise<void> {
    this.#stop.abort()
    await this.#renewing
    try {
      await this.#giveBack(this.#lease)
    } catch (error) {
      this.#options.onError?.(error)
    }
  }

  async #giveBack(lease: Lease | null, isLooked = false): Promise<void> {
    if (!lease || !this.#isMine(lease)) return
    this.#lease = null
    try {
      await this.#write(lease, { holderIdentity: '', leaseDurationSeconds: 1 })
    } catch (error) {
      // a renewal that was given up may have been written all the same, which makes this version an older one
      if (!isConflict(error) || isLooked) throw error
      await this.#giveBack(await this.#look(), true)
    }
  }

  async #keepRenewing(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await wait(this.#retryMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      const began = performance.now()
      const leftMs = this.#deadlineMs - (began - this.#renewedMs)
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(Math.max(0, Math.ceil(leftMs)))])
      if (leftMs > 0 && (await this.#attempt(inTime))) this.#renewedMs = began
      const another = this.#lease !== null && !this.#isMine(this.#lease)
      if (another || this.#isOverdue()) return this.#lost.abort()
    }
  }

  #isOverdue(): boolean {
    return this.#lost.signal.aborted || performance.now() - this.#renewedMs >= this.#deadlineMs
  }

  /** @returns whether this replica holds the lease now */
  async #attempt(signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#take(signal)
    } catch (error) {
      // somebody was faster, or an answer was lost: look again next time
      if (isConflict(error)) this.#lease = null
      else if (!signal.aborted) this.#options.onError?.(error)
      return false
    }
  }

  async #take(signal: AbortSignal): Promise<boolean> {
    // a holder knows the version of its own last write
    const lease = this.#isMine(this.#lease) ? this.#lease : await this.#look(signal)
    if (this.#isHeldByAnother(lease)) return false
    this.#lease = lease ? await this.#write(lease, this.#claim(lease.spec), signal) : await this.#create(signal)
    return true
  }

  async #look(signal?: AbortSignal): Promise<Lease | null> {
    const { client, namespace, name } = this.#options
    this.#lease = await client.get<Lease>(LEASES, { namespace, name }, signal).catch((error: unknown) => {
      if (isNotFound(error)) return null
      throw error
    })
    const sign = JSON.stringify(this.#lease?.spec ?? null)
    if (sign !== this.#sign) {
      this.#sign = sign
      this.#signSeenMs = performance.now()
    }
    return this.#lease
  }

  #isMine(lease: Lease | null): boolean {
    return lease?.spec?.holderIdentity === this.#options.identity
  }

  #isHeldByAnother(lease: Lease | null): boolean {
    const { holderIdentity, leaseDurationSeconds = LEASE_SECONDS } = lease?.spec ?? {}
    if (!holderIdentity || this.#isMine(lease)) return false
    return performance.now() - this.#signSeenMs < leaseDurationSeconds * 1000
  }

  #claim({ holderIdentity, acquireTime, leaseTransitions = -1 }: LeaseSpec = {}): LeaseSpec {
    const { identity, leaseSeconds = LEASE_SECONDS } = this.#options
    const held = holderIdentity === identity
    return {
      holderIdentity: identity,
      leaseDurationSeconds: leaseSeconds,
      acquireTime: held && acquireTime !== undefined ? acquireTime : microTime(),
      renewTime: microTime(),
      leaseTransitions: held ? leaseTransitions : leaseTransitions + 1,
    }
  }

  #create(signal: AbortSignal): Promise<Lease> {
    const { client, namespace, name } = this.#options
    return client.create<Lease>(LEASES, { metadata: { namespace, name }, spec: this.#claim() }, { signal })
  }

  #write({ metadata }: Lease, spec: LeaseSpec, signal?: AbortSignal): Promise<Lease> {
    const body = { metadata: { resourceVersion: metadata.resourceVersion }, spec }
    return this.#options.client.patch<Lease>(LEASES, metadata, { type: 'merge', body }, { signal })
  }
}

/** A MicroTime has six decimals; the API server takes no other. */
export function microTime(date = new Date()): string {
  return date.toISOString().replace('Z', '000Z')
}
