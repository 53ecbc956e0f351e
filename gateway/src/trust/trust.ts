// The gateways' common identity: a CA and signing keys made once for all replicas, this replica's own certificate in memory, and the public
// half where sandbox pods read it. Every replica does the same work; whoever comes second finds it done.
import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { HubError } from '@mcphub/api'
import type { KubeClient } from '@mcphub/kube'
import type { ChangeSource } from '../db/unit.ts'
import type { SealRing } from '../secrets/seal.ts'
import { issueCertificate, type KeyPair } from './certificates.ts'
import { makeMaterial, openMaterial, rotateSigning, sealMaterial, type TrustMaterial } from './material.ts'
import { buildTrustData, publishTrust } from './publish.ts'
import type { TrustStore } from './trust-store.ts'

export interface TrustDeps {
  readonly store: TrustStore
  readonly changes: Pick<ChangeSource, 'subscribe'>
  readonly ring: SealRing & { onChange(listener: () => void): () => void }
  readonly client: KubeClient
  /** of the sandboxes */
  readonly namespace: string
  /** DNS names and addresses this replica's certificate is valid for */
  readonly names: readonly string[]
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void }
  readonly now?: () => number
  /** between two looks at the ConfigMap and the ages of keys */
  readonly lookMs?: number
}

/** PEM. */
export interface TlsIdentity {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

export interface Trust {
  /** @throws HubError when there is neither a CA nor a way to make one */
  start(): Promise<void>
  stop(): Promise<void>
  /** @throws HubError `internal` while nothing can be signed */
  check(): void
  /** of this replica, for a server and a client */
  certificate(): TlsIdentity
  /** Called when `certificate()` gives another one. */
  onChange(listener: () => void): () => void
  /** Ed25519, with the key that shims know as the current one. */
  sign(text: Buffer): Buffer
  /** The next signing key becomes the current one. False: another replica did it at the same time. */
  rotate(): Promise<boolean>
}

const LOOK_MS = 60_000
const DAY_MS = 86_400_000
const CERTIFICATE_DAYS = 30
const SIGNING_DAYS = 30

export function createTrust(deps: TrustDeps): Trust {
  return new HubTrust(deps)
}

interface Held {
  readonly version: number
  readonly material: TrustMaterial
  readonly signer: KeyObject
}

class HubTrust implements Trust {
  readonly #deps: TrustDeps
  readonly #now: () => number
  readonly #listeners = new Set<() => void>()
  readonly #end = new AbortController()
  readonly #unsubscribe: (() => void)[] = []
  #held: Held | null = null
  #own: (KeyPair & { readonly renewAt: number }) | null = null
  #looking: Promise<void> | null = null
  #lookAgain = false
  #loop: Promise<void> | null = null

  constructor(deps: TrustDeps) {
    this.#deps = deps
    this.#now = deps.now ?? Date.now
  }

  async start(): Promise<void> {
    const { store, ring, changes } = this.#deps
    if ((await store.read()) === null) await store.putIfAbsent(sealMaterial(ring, makeMaterial(this.#now())))
    await this.#load()
    const look = (): void => void this.#look()
    this.#unsubscribe.push(changes.subscribe('trust', look), ring.onChange(look))
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    for (const end of this.#unsubscribe.splice(0)) end()
    this.#end.abort()
    await this.#loop
    await this.#looking
  }

  check(): void {
    if (this.#held === null || this.#own === null) throw new HubError('internal', "The gateways' CA is not loaded")
  }

  certificate(): TlsIdentity {
    this.check()
    return { key: this.#own!.key, cert: this.#own!.certificate, ca: this.#held!.material.authority.certificate }
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  sign(text: Buffer): Buffer {
    this.check()
    return sign(null, text, this.#held!.signer)
  }

  async rotate(): Promise<boolean> {
    this.check()
    const { version, material } = this.#held!
    const rotated = rotateSigning(material, this.#now())
    const isDone = await this.#deps.store.replace(version, sealMaterial(this.#deps.ring, rotated))
    await this.#look()
    return isDone
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await this.#look()
      await wait(this.#deps.lookMs ?? LOOK_MS, undefined, { signal: this.#end.signal }).catch(() => undefined)
    }
  }

  /** One at a time; what is asked for meanwhile is done by one more. */
  #look(): Promise<void> {
    if (this.#looking) {
      this.#lookAgain = true
      return this.#looking
    }
    this.#looking = this.#lookUntilQuiet().finally(() => (this.#looking = null))
    return this.#looking
  }

  async #lookUntilQuiet(): Promise<void> {
    do {
      this.#lookAgain = false
      await this.#attempt('read the CA and keys', () => this.#load())
      await this.#attempt('seal the CA and keys anew', () => this.#keepFresh())
      await this.#attempt('publish the CA and keys', () => this.#publish())
    } while (this.#lookAgain && !this.#end.signal.aborted)
  }

  async #attempt(step: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!this.#end.signal.aborted) this.#deps.log.warn({ step, err: error }, 'a step towards common keys failed')
    }
  }

  async #load(): Promise<void> {
    const stored = await this.#deps.store.read()
    if (stored === null) throw new HubError('internal', "The gateways' CA and keys are gone from the database")
    if (stored.version !== this.#held?.version) {
      const material = openMaterial(this.#deps.ring, stored.sealed)
      const before = this.#held?.material.authority.certificate
      this.#held = { version: stored.version, material, signer: createPrivateKey(material.signing.current) }
      if (before !== material.authority.certificate) this.#own = null
    }
    this.#issue()
  }

  #issue(): void {
    const now = this.#now()
    if (this.#own !== null && now < this.#own.renewAt) return
    const { names } = this.#deps
    const request = { commonName: 'mcphub gateway', names, days: CERTIFICATE_DAYS }
    const pair = issueCertificate(this.#held!.material.authority, request, now)
    this.#own = { ...pair, renewAt: now + (CERTIFICATE_DAYS / 2) * DAY_MS }
    for (const listener of this.#listeners) listener()
  }

  /** The ring has another current key, or the signing key is old. Who loses the race finds the winner's work at the next look. */
  async #keepFresh(): Promise<void> {
    const { store, ring } = this.#deps
    const stored = await store.read()
    if (stored === null || stored.version !== this.#held?.version) return
    const { material } = this.#held
    const isOld = this.#now() - material.signing.since > SIGNING_DAYS * DAY_MS
    if (!isOld && stored.sealed.keyId === ring.current.id) return
    const wanted = isOld ? rotateSigning(material, this.#now()) : material
    if (await store.replace(stored.version, sealMaterial(ring, wanted))) await this.#load()
  }

  async #publish(): Promise<void> {
    const { client, namespace, log } = this.#deps
    const isWritten = await publishTrust(client, namespace, buildTrustData(this.#held!.material))
    if (isWritten) log.info({}, 'the CA and keys that sandboxes trust are published')
  }
}
