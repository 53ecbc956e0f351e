// Which era a remote server speaks, found once and believed for a while: a stale verdict must correct itself.
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { Era } from './upstreams.ts'

const BELIEVED_MS = 10 * 60_000

export class EraCache {
  readonly #verdicts = new Map<string, { readonly era: Era; readonly until: number }>()

  find(server: CatalogServer): Era | null {
    const verdict = this.#verdicts.get(keyOf(server))
    return verdict && verdict.until > performance.now() ? verdict.era : null
  }

  remember(server: CatalogServer, era: Era): void {
    this.#verdicts.set(keyOf(server), { era, until: performance.now() + BELIEVED_MS })
  }

  forget(server: CatalogServer): void {
    this.#verdicts.delete(keyOf(server))
  }
}

const keyOf = (server: CatalogServer): string => `${server.name} ${server.configHash}`
