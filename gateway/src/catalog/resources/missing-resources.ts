// What something names and the catalogue lacks. Lists have come back short: only the word of a watch, or a 404, makes a resource gone.
import { isNotFound, type KubeClient } from '@mcphub/kube'
import type { ResourceKey, ResourceKind } from '../manifests/parse.ts'
import { CATALOG_KINDS } from './kept-resource.ts'

export interface MissingResourcesDeps {
  readonly client: KubeClient
  readonly namespace: string
  /** what was listed, usable or not */
  readonly isKnown: (key: ResourceKey) => boolean
  /** one is there that no list has told of */
  readonly onHidden: (kind: ResourceKind) => void
}

/** so long one that is there is not asked for again */
const HOLDS_MS = 5_000
/** whoever is waked waits for it */
const ASK_MS = 5_000

export class MissingResources {
  readonly #deps: MissingResourcesDeps
  readonly #gone = new Set<ResourceKey>()
  readonly #hiddenAt = new Map<ResourceKey, number>()
  readonly #asked = new Map<ResourceKey, Promise<boolean>>()

  constructor(deps: MissingResourcesDeps) {
    this.#deps = deps
  }

  noteGone(key: ResourceKey): void {
    this.#gone.add(key)
  }

  noteThere(key: ResourceKey): void {
    this.#gone.delete(key)
  }

  /** Those of them that are there all the same. @throws KubeError */
  async find(kind: ResourceKind, names: Iterable<string>): Promise<ReadonlySet<string>> {
    const wanted = [...new Set(names)]
    const found = await Promise.all(wanted.map((name) => this.#isThere(kind, name)))
    return new Set(wanted.filter((_, at) => found[at]))
  }

  /** @throws KubeError */
  async isGone(kind: ResourceKind, name: string, signal: AbortSignal): Promise<boolean> {
    const { client, namespace } = this.#deps
    try {
      const { metadata } = await client.get(CATALOG_KINDS[kind], { namespace, name }, signal)
      return metadata.deletionTimestamp !== undefined
    } catch (error) {
      if (isNotFound(error)) return true
      throw error
    }
  }

  async #isThere(kind: ResourceKind, name: string): Promise<boolean> {
    const key: ResourceKey = `${kind}/${name}`
    if (this.#deps.isKnown(key)) return true
    if (this.#gone.has(key)) return false
    if (performance.now() - (this.#hiddenAt.get(key) ?? -Infinity) < HOLDS_MS) return true
    const asking = this.#asked.get(key) ?? this.#ask(kind, key, name).finally(() => this.#asked.delete(key))
    this.#asked.set(key, asking)
    return asking
  }

  async #ask(kind: ResourceKind, key: ResourceKey, name: string): Promise<boolean> {
    const isGone = await this.isGone(kind, name, AbortSignal.timeout(ASK_MS))
    if (isGone) {
      this.#hiddenAt.delete(key)
      // what the watch told meanwhile is younger
      if (!this.#deps.isKnown(key)) this.#gone.add(key)
      return this.#deps.isKnown(key)
    }
    this.#hiddenAt.set(key, performance.now())
    if (!this.#deps.isKnown(key)) this.#deps.onHidden(kind)
    return true
  }
}
