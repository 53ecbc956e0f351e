// What the API server's watches told of pods and McpSandboxes of some servers, in its own order: never two pods of one sandbox, none without an owner,
// none that takes long to go.
import { setTimeout as wait } from 'node:timers/promises'
import { isReason, KubeClient, KubeHttp, PODS, readKubeconfig } from '../../../packages/kube/src/index.ts'
import type { KubeObject, Resource, Stored } from '../../../packages/kube/src/index.ts'
import { SANDBOXES } from '../settings.ts'
import { cluster } from './kube.ts'

export const MCP_SANDBOXES: Resource = {
  group: 'mcphub.io',
  version: 'v1alpha1',
  plural: 'mcpsandboxes',
  kind: 'McpSandbox',
  namespaced: true,
}
const SERVER = 'mcphub.io/server'
const POOL = 'mcphub.io/pool'
const PAUSE_MS = 500
const QUERY = { namespace: SANDBOXES }

type Accept = (type: string, object: Stored & KubeObject) => void

export interface PodRecord {
  readonly uid: string
  readonly name: string
  /** its controller; null: none */
  owner: { readonly kind: string; readonly name: string; readonly uid: string } | null
  /** ended by itself, or never more than begun */
  isOver: boolean
  /** when it began to go, by this machine's monotonic clock in ms, as all times here */
  goingAt: number | null
  goneAt: number | null
}

/** Objects of the servers it is given; start() resolves once both watches know what there is. */
export class Ledger {
  readonly pods = new Map<string, PodRecord>()
  /** each pair of pods that one sandbox had at one time */
  readonly duplicates: string[] = []
  /** why a watch ended that should have gone on */
  readonly faults: string[] = []
  readonly #servers: ReadonlySet<string>
  readonly #http: KubeHttp
  readonly #kube: KubeClient
  readonly #end = new AbortController()
  /** UID → when it was gone; null: it is there */
  readonly #sandboxes = new Map<string, number | null>()
  readonly #listeners = new Set<() => void>()
  #following: Promise<unknown> = Promise.resolve()

  private constructor(servers: readonly string[], http: KubeHttp) {
    this.#servers = new Set(servers)
    this.#http = http
    this.#kube = new KubeClient(http)
  }

  static async start(servers: readonly string[]): Promise<Ledger> {
    const credentials = await readKubeconfig(cluster.kubeconfig)
    const ledger = new Ledger(servers, new KubeHttp({ credentials, userAgent: 'ledger/1' }))
    const pods = await ledger.#list(PODS, (type, object) => ledger.#acceptPod(type, object))
    const sandboxes = await ledger.#list(MCP_SANDBOXES, (type, object) => ledger.#acceptSandbox(type, object))
    ledger.#following = Promise.all([pods(), sandboxes()])
    return ledger
  }

  async stop(): Promise<void> {
    this.#end.abort()
    await this.#following
    await this.#http.destroy()
  }

  /** The one of that name that is there: an earlier one of the same sandbox may have had it. */
  findPod(name: string): PodRecord | undefined {
    return [...this.pods.values()].findLast((pod) => pod.name === name && pod.goneAt === null)
  }

  /** What is there of a sandbox, going or not. */
  podsOf(sandboxUid: string): PodRecord[] {
    return [...this.pods.values()].filter(({ owner, goneAt }) => owner?.uid === sandboxUid && goneAt === null)
  }

  isSandboxThere(uid: string): boolean {
    return this.#sandboxes.get(uid) === null
  }

  /** How many sandboxes and pods are there. */
  count(): number {
    const pods = [...this.pods.values()].filter(({ goneAt }) => goneAt === null).length
    return pods + [...this.#sandboxes.values()].filter((goneAt) => goneAt === null).length
  }

  /** Looked at with every event. @throws when it never was so */
  async until(what: string, isSo: () => boolean, timeoutMs: number): Promise<void> {
    if (isSo()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new Error(`not within ${timeoutMs / 1000} s: ${what}`)), timeoutMs)
    const look = (): void => {
      if (isSo()) resolve()
    }
    this.#listeners.add(look)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.#listeners.delete(look)
    }
  }

  /** Pods whose sandbox was gone for so long before they were told to go, or that belong to nobody. */
  orphans(graceMs: number): string[] {
    const now = performance.now()
    return [...this.pods.values()].flatMap(({ name, owner, goingAt, goneAt }) => {
      if (owner === null) return [`${name} belongs to nobody`]
      const ownerGoneAt = this.#sandboxes.get(owner.uid) ?? null
      if (ownerGoneAt === null) return []
      const aloneMs = (goingAt ?? goneAt ?? now) - ownerGoneAt
      return aloneMs > graceMs ? [`${name} outlived its sandbox for ${Math.round(aloneMs)} ms`] : []
    })
  }

  /** From "is to go" to "is gone", in ms, of every pod that went or is going. */
  goingTimes(): { readonly name: string; readonly ms: number }[] {
    return [...this.pods.values()]
      .filter(({ goingAt }) => goingAt !== null)
      .map(({ name, goingAt, goneAt }) => ({ name, ms: (goneAt ?? performance.now()) - goingAt! }))
  }

  /** What there is; what it returns follows the changes from there. */
  async #list(resource: Resource, accept: Accept): Promise<() => Promise<void>> {
    const { items, resourceVersion } = await this.#kube.listPage(resource, QUERY)
    for (const item of items) if (this.#isOurs(item)) accept('ADDED', item)
    return () => this.#follow(resource, resourceVersion, accept)
  }

  async #follow(resource: Resource, since: string, accept: Accept): Promise<void> {
    const at = { version: since }
    while (!this.#end.signal.aborted) {
      try {
        await this.#watch(resource, at, accept)
      } catch (error) {
        if (this.#end.signal.aborted) return
        // nothing is missed: it goes on from the last version
        if (isReason(error, 'Transport', 'Deadline')) await wait(PAUSE_MS)
        else return void this.faults.push(`${resource.plural}: ${String(error)}`)
      }
    }
  }

  async #watch(resource: Resource, at: { version: string }, accept: Accept): Promise<void> {
    const plan = { ...QUERY, resourceVersion: at.version, timeoutSeconds: 300, signal: this.#end.signal }
    for await (const { type, object } of this.#kube.watch(resource, plan)) {
      if (type === 'ERROR') throw new Error(JSON.stringify(object))
      at.version = object.metadata.resourceVersion ?? at.version
      if (type === 'BOOKMARK' || !this.#isOurs(object)) continue
      accept(type, object as Stored & KubeObject)
      for (const look of this.#listeners) look()
    }
  }

  #isOurs({ metadata: { labels = {} } }: KubeObject): boolean {
    return this.#servers.has(labels[SERVER] ?? labels[POOL] ?? '')
  }

  #acceptSandbox(type: string, { metadata: { uid } }: Stored): void {
    this.#sandboxes.set(uid, type === 'DELETED' ? performance.now() : null)
  }

  #acceptPod(type: string, { metadata, status }: Stored & KubeObject): void {
    const { uid, name, ownerReferences = [] } = metadata
    const { phase } = (status ?? {}) as { phase?: string }
    const known = this.pods.get(uid) ?? { uid, name, owner: null, isOver: false, goingAt: null, goneAt: null }
    this.pods.set(uid, known)
    known.owner = ownerReferences.find(({ controller }) => controller === true) ?? null
    known.isOver ||= phase === 'Failed' || phase === 'Succeeded'
    if (metadata.deletionTimestamp !== undefined) known.goingAt ??= performance.now()
    if (type === 'DELETED') known.goneAt = performance.now()
    else this.#findDuplicate(known)
  }

  #findDuplicate(pod: PodRecord): void {
    const { owner } = pod
    if (owner?.kind !== 'McpSandbox' || pod.goingAt !== null || pod.isOver) return
    const others = this.podsOf(owner.uid).filter((one) => one !== pod && one.goingAt === null && !one.isOver)
    for (const other of others) {
      const text = `${owner.name}: ${[pod.name, other.name].toSorted().join(' and ')}`
      if (!this.duplicates.includes(text)) this.duplicates.push(text)
    }
  }
}
