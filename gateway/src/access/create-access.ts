// The Access port over the catalogue and personal groups: views cached until an event says otherwise.
import type { Principal } from '../auth/principal.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Access, EndpointScope, Explanation, View } from './access.ts'
import { buildView } from './build-view.ts'
import type { PersonalFacts } from './build-view.ts'
import { explain } from './explain.ts'
import type { ExplainDeps } from './explain.ts'
import type { PersonalGroups } from './personal-groups.ts'
import { ViewCache } from './view-cache.ts'

export interface AccessDeps extends ExplainDeps {
  readonly catalog: Pick<Catalog, 'snapshot' | 'subscribe'>
  readonly personalGroups: PersonalGroups
  /** views kept; default 20 000 */
  readonly maxViews?: number
}

export interface StartedAccess extends Access {
  /** Ends the subscriptions. */
  stop(): void
}

export function createAccess(deps: AccessDeps): StartedAccess {
  return new CachedAccess(deps)
}

class CachedAccess implements StartedAccess {
  readonly #deps: AccessDeps
  readonly #cache: ViewCache
  readonly #listeners = new Set<(userId: string | null) => void>()
  readonly #unsubscribe: readonly (() => void)[]

  constructor(deps: AccessDeps) {
    this.#deps = deps
    this.#cache = new ViewCache(deps.maxViews ?? 20_000)
    this.#unsubscribe = [
      deps.catalog.subscribe((next, previous) => {
        // a new fault alone changes nobody's view
        if (next.servers === previous.servers && next.groups === previous.groups) return
        this.#cache.expireAll()
        this.#tell(null)
      }),
      deps.personalGroups.onChange((userId) => {
        this.#cache.expireUser(userId)
        this.#tell(userId)
      }),
    ]
  }

  view(principal: Principal, scope: EndpointScope): View | null | Promise<View | null> {
    const known = this.#cache.get(principal, scope)
    if (known !== undefined) return known
    const keep = this.#cache.begin(principal, scope)
    const { personalGroups, catalog } = this.#deps
    const shown = personalGroups.shown(principal.userId)
    const named = scope.kind === 'group' ? personalGroups.group(principal.userId, scope.name) : null
    const build = (facts: PersonalFacts): View | null => keep(buildView(principal, scope, facts, catalog.snapshot()))
    if (!(shown instanceof Promise) && !(named instanceof Promise)) return build({ shown, named })
    return Promise.all([shown, named]).then((facts) => build({ shown: facts[0], named: facts[1] }))
  }

  onChange(listener: (userId: string | null) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  explain(principal: Principal, serverName: string, tool: string | null): Promise<readonly Explanation[]> {
    return explain(this.#deps, this.#deps.catalog.snapshot(), { principal, serverName, tool })
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#listeners.clear()
  }

  #tell(userId: string | null): void {
    for (const listener of this.#listeners) listener(userId)
  }
}
