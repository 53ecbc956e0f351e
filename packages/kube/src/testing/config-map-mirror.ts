// A small operator made of everything in this package, for tests of what happens when things break: a ConfigMap labelled `mirror: source`
// is copied to as many children as its `copies` says, its finalizer holds it until they are gone, and an annotation on it tells what was done.
import type { KubeClient } from '../client.ts'
import { Controller, mapToItself, mapToOwner, type ControllerOptions, type Request } from '../controller.ts'
import { isNotFound } from '../kube-error.ts'
import { Expectations } from '../expectations.ts'
import { LeaderElector } from '../leader-elector.ts'
import { CONFIG_MAPS, keyOf, type KubeObject, type OwnerReference, type Stored } from '../objects.ts'
import { Reflector, type ReflectorTiming } from '../reflector.ts'
import { runOperator, type OperatorEnd } from '../run-operator.ts'
import { Store, type Change } from '../store.ts'

export const FINALIZER = 'mirror.example/children'
const MANAGER = 'mirror'
const DONE = 'mirror.example/done'

type ConfigMap = KubeObject & Stored & { readonly data?: Readonly<Record<string, string>> }

export interface MirrorOptions {
  readonly client: KubeClient
  readonly namespace: string
  /** takes part in an election under this name; default: leads alone */
  readonly identity?: string
  readonly timing?: Partial<ReflectorTiming>
  readonly onError?: ControllerOptions['onError']
}

export class Mirror {
  readonly #client: KubeClient
  readonly #store: Store<ConfigMap>
  readonly #reflector: Reflector<ConfigMap>
  readonly #controller: Controller
  readonly #elector: LeaderElector | null
  readonly #expectations = new Expectations()
  readonly #stop = new AbortController()

  constructor({ client, namespace, identity, timing = {}, onError }: MirrorOptions) {
    this.#client = client
    this.#store = new Store<ConfigMap>({
      owner: ({ metadata }) => (metadata.ownerReferences ?? []).map(({ uid }) => uid),
    })
    this.#reflector = new Reflector<ConfigMap>({
      client,
      resource: CONFIG_MAPS,
      query: { namespace, labelSelector: 'mirror' },
      store: this.#store,
      transform: (object) => object,
      timing,
    })
    this.#controller = new Controller({
      name: 'mirror',
      reconcile: (request, signal) => this.#reconcile(request, signal),
      ...(onError ? { onError } : {}),
    })
    // before the controller hears of it: its reconcile asks whether they are met
    this.#reflector.subscribe((change) => this.#observe(change))
    this.#controller.watch(this.#reflector, mapToItself, 'spec')
    this.#controller.watch(this.#reflector, mapToOwner('ConfigMap'), 'child')
    this.#elector = identity
      ? new LeaderElector({
          client,
          namespace,
          name: 'mirror',
          identity,
          leaseSeconds: 1,
          renewDeadlineMs: 700,
          retryMs: 50,
        })
      : null
  }

  /** Until `stop`, or until the lead is lost. */
  run(): Promise<OperatorEnd> {
    const elector = this.#elector ? { elector: this.#elector } : {}
    return runOperator(
      { reflectors: [this.#reflector], controllers: [this.#controller], graceMs: 0, ...elector },
      this.#stop.signal,
    )
  }

  stop(): void {
    this.#stop.abort()
  }

  async #reconcile({ key }: Request, signal: AbortSignal): Promise<void> {
    const source = this.#store.get(key)
    if (!source || source.metadata.labels?.['mirror'] !== 'source') return
    // what was done is not in the store yet: the watch will bring the key back
    if (!this.#expectations.areMet(key)) return
    const { wanted, surplus } = this.#plan(source)
    if (source.metadata.deletionTimestamp === undefined) await this.#holdSource(source, signal)
    for (const child of wanted) await this.#apply(key, child, signal)
    for (const child of surplus) await this.#remove(key, child, signal)
    await this.#finish(source, signal)
  }

  #observe(change: Change<ConfigMap>): void {
    for (const owner of mapToOwner<ConfigMap>('ConfigMap')(change)) {
      if (change.type === 'added') this.#expectations.creationObserved(owner, change.key)
      if (change.type === 'deleted') this.#expectations.deletionObserved(owner, change.before.metadata.uid)
    }
  }

  /** Pure: what there should be that is not, and what there is that should not be. */
  #plan(source: ConfigMap): { wanted: KubeObject[]; surplus: ConfigMap[] } {
    const there = new Map(this.#store.byIndex('owner', source.metadata.uid).map((child) => [keyOf(child), child]))
    const deleted = source.metadata.deletionTimestamp !== undefined
    const desired = deleted ? [] : buildChildren(source)
    const wanted = desired.filter((child) => there.get(keyOf(child))?.data?.['text'] !== child.data['text'])
    const names = new Set(desired.map(keyOf))
    return { wanted, surplus: [...there].filter(([key]) => !names.has(key)).map(([, child]) => child) }
  }

  async #holdSource(source: ConfigMap, signal: AbortSignal): Promise<void> {
    if (source.metadata.finalizers?.includes(FINALIZER)) return
    await this.#patchSource(source, { finalizers: [FINALIZER] }, signal)
  }

  async #apply(owner: string, child: KubeObject, signal: AbortSignal): Promise<void> {
    const key = keyOf(child)
    if (!this.#store.get(key)) this.#expectations.expectCreation(owner, key)
    try {
      await this.#client.apply(CONFIG_MAPS, child, { fieldManager: MANAGER, force: true, signal })
    } catch (error) {
      this.#expectations.creationObserved(owner, key)
      throw error
    }
  }

  async #remove(owner: string, { metadata }: ConfigMap, signal: AbortSignal): Promise<void> {
    this.#expectations.expectDeletion(owner, metadata.uid)
    try {
      await this.#client.delete(CONFIG_MAPS, metadata, { uid: metadata.uid, signal })
    } catch (error) {
      this.#expectations.deletionObserved(owner, metadata.uid)
      if (!isNotFound(error)) throw error
    }
  }

  async #finish(source: ConfigMap, signal: AbortSignal): Promise<void> {
    const { deletionTimestamp, finalizers, annotations } = source.metadata
    const done = `${source.data?.['copies']} × ${source.data?.['text']}`
    if (deletionTimestamp !== undefined) {
      if (finalizers?.includes(FINALIZER)) await this.#patchSource(source, { finalizers: null }, signal)
    } else if (annotations?.[DONE] !== done) await this.#patchSource(source, { annotations: { [DONE]: done } }, signal)
  }

  async #patchSource({ metadata }: ConfigMap, change: object, signal: AbortSignal): Promise<void> {
    const body = { metadata: { uid: metadata.uid, ...change } }
    await this.#client.patch(CONFIG_MAPS, metadata, { type: 'merge', body }, { signal }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error
    })
  }
}

function buildChildren({ metadata, data }: ConfigMap): (KubeObject & { readonly data: Record<string, string> })[] {
  const owner: OwnerReference = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
  }
  return Array.from({ length: Number(data?.['copies'] ?? 0) }, (_, at) => ({
    metadata: {
      namespace: metadata.namespace!,
      name: `${metadata.name}-${at}`,
      labels: { mirror: 'copy' },
      ownerReferences: [owner],
    },
    data: { text: data?.['text'] ?? '' },
  }))
}
