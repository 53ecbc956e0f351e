// What the API server holds of sandboxes and their pods, in memory. A pod belongs to a sandbox if and only if its controller is that very object,
// by UID (BOX-3).
import { PODS, Reflector, Store, type Change, type KubeClient, type Stored } from '@mcphub/kube'
import type { SandboxLog } from '../process/config.ts'
import type { PodCache } from './call-home.ts'
import { isUsable } from './pod-facts.ts'
import { MCP_SANDBOXES, SANDBOX_PODS, toPodView, toSandboxView, type PodView, type SandboxView } from './resources.ts'

export interface ClusterViewDeps {
  readonly client: KubeClient
  readonly namespace: string
  readonly log: SandboxLog
}

/** start() resolves when everything is known once; stop() ends the watches. */
export class ClusterView implements PodCache {
  readonly #namespace: string
  readonly #sandboxes = new Store<SandboxView>({
    user: ({ spec }) => (spec.userRef === undefined ? [] : [spec.userRef]),
  })
  readonly #pods = new Store<PodView>({
    uid: ({ metadata }) => [metadata.uid],
    owner: ({ owner }) => (owner === null ? [] : [owner.uid]),
  })
  readonly #reflectors: readonly [Reflector<SandboxView>, Reflector<PodView>]
  readonly #ofName = new Map<string, Set<() => void>>()
  readonly #ofPods = new Set<(pod: PodView, isGone: boolean) => void>()

  constructor({ client, namespace, log }: ClusterViewDeps) {
    this.#namespace = namespace
    const metrics = {
      list: () => undefined,
      watch: () => undefined,
      fault: (resource: { plural: string }, error: unknown) =>
        log.warn({ err: error, resource: resource.plural }, 'the API server could not be watched'),
    }
    const query = { namespace }
    const sandboxes = { client, resource: MCP_SANDBOXES, query, store: this.#sandboxes, transform: toSandboxView }
    const pods = {
      client,
      resource: PODS,
      query: { ...query, labelSelector: SANDBOX_PODS },
      store: this.#pods,
      transform: toPodView,
    }
    this.#reflectors = [new Reflector({ ...sandboxes, metrics }), new Reflector({ ...pods, metrics })]
    this.#reflectors[0].subscribe((change) => namesIn(change, ({ metadata }) => metadata.name).forEach(this.#tell))
    this.#reflectors[1].subscribe((change) => this.#onPodChange(change))
  }

  async start(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.start()))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()))
  }

  findSandbox(name: string): SandboxView | undefined {
    return this.#sandboxes.get(`${this.#namespace}/${name}`)
  }

  listSandboxes(): readonly SandboxView[] {
    return [...this.#sandboxes.list()]
  }

  sandboxesOf(userRef: string): readonly SandboxView[] {
    return this.#sandboxes.byIndex('user', userRef)
  }

  findPod(uid: string): PodView | undefined {
    return this.#pods.byIndex('uid', uid)[0]
  }

  /** All of them, ending ones too; the newest first. */
  podsOf({ metadata }: SandboxView): readonly PodView[] {
    const pods = this.#pods.byIndex('owner', metadata.uid)
    return pods.toSorted((one, other) => (createdAt(one) < createdAt(other) ? 1 : -1))
  }

  usablePodsOf(sandbox: SandboxView): readonly PodView[] {
    return this.podsOf(sandbox).filter(isUsable)
  }

  /** Called after every change of the sandbox of this name or one of its pods. */
  onName(name: string, listener: () => void): () => void {
    const listeners = this.#ofName.get(name) ?? new Set()
    this.#ofName.set(name, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#ofName.get(name) === listeners) this.#ofName.delete(name)
    }
  }

  /** Resolves when it is so after a change of the sandbox of this name or one of its pods, at once when it is so already, or when the time is over. */
  whenNamed(name: string, isSo: () => boolean, timeoutMs: number): Promise<void> {
    if (isSo()) return Promise.resolve()
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer)
        stop()
        resolve()
      }
      const timer = setTimeout(finish, timeoutMs)
      const stop = this.onName(name, () => isSo() && finish())
    })
  }

  /** Called after every change of any pod, with what it is, or was. */
  onPod(listener: (pod: PodView, isGone: boolean) => void): () => void {
    this.#ofPods.add(listener)
    return () => this.#ofPods.delete(listener)
  }

  /** Something beside the API server's own word changed what this pod is good for. */
  touchPod(uid: string): void {
    const owner = this.findPod(uid)?.owner
    if (owner) this.#tell(owner.name)
  }

  #onPodChange(change: Change<PodView>): void {
    namesIn(change, ({ owner }) => owner?.name).forEach(this.#tell)
    const isGone = change.type === 'deleted'
    for (const listener of [...this.#ofPods]) listener(isGone ? change.before : change.item, isGone)
  }

  readonly #tell = (name: string): void => {
    for (const listener of [...(this.#ofName.get(name) ?? [])]) listener()
  }
}

const createdAt = ({ metadata }: Stored): string => metadata.creationTimestamp ?? ''

function namesIn<T>(change: Change<T>, nameOf: (item: T) => string | undefined): string[] {
  const items = [
    ...(change.type === 'added' ? [] : [change.before]),
    ...(change.type === 'deleted' ? [] : [change.item]),
  ]
  return [...new Set(items.map(nameOf).filter((name) => name !== undefined))]
}
