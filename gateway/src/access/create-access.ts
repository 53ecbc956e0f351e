// The Access port over the catalogue and personal groups: views cached until an event says otherwise.
import type { Principal } from '../auth/principal.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Access, EndpointScope, ExplainQuestion, Explanation, View } from './access.ts'
import { buildView } from './build-view.ts'
import type { PersonalFacts } from './build-view.ts'
import { explain } from './explain.ts'
import type { ExplainDeps } from './explain.ts'
import type { HeldTools } from './held-tools.ts'
import { findKeyGroup } from './key-group.ts'
import type { KnownGroup, PersonalGroups } from './personal-groups.ts'
import { ViewCache } from './view-cache.ts'

export interface AccessDeps extends ExplainDeps {
  readonly catalog: Pick<Catalog, 'snapshot' | 'subscribe'>
  readonly personalGroups: PersonalGroups
  readonly heldTools: HeldTools
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

const keyFacts = (group: KnownGroup | null | undefined): Pick<PersonalFacts, 'keyGroup'> =>
  group === undefined ? {} : { keyGroup: group?.servers ?? null }

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
      deps.heldTools.onChange((userId) => {
        if (userId === null) this.#cache.expireAll()
        else this.#cache.expireUser(userId)
        this.#tell(userId)
      }),
    ]
  }

  view(principal: Principal, scope: EndpointScope): View | null | Promise<View | null> {
    const known = this.#cache.get(principal, scope)
    if (known !== undefined) return known
    const keep = this.#cache.begin(principal, scope)
    const { personalGroups, catalog, heldTools } = this.#deps
    const shown = personalGroups.shown(principal.userId)
    const named = scope.kind === 'group' ? personalGroups.group(principal.userId, scope.name) : null
    const made = findKeyGroup(personalGroups, principal)
    const build = (facts: PersonalFacts): View | null => keep(buildView(principal, scope, facts, catalog.snapshot()))
    const isKnown = !(shown instanceof Promise) && !(named instanceof Promise) && !(made instanceof Promise)
    if (isKnown) return build({ shown, named, ...keyFacts(made), heldTools })
    return Promise.all([shown, named, made]).then(([now, servers, group]) =>
      build({ shown: now, named: servers, ...keyFacts(group), heldTools }),
    )
  }

  onChange(listener: (userId: string | null) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  explain(question: ExplainQuestion): Promise<readonly Explanation[]> {
    return explain(this.#deps, this.#deps.catalog.snapshot(), question)
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#listeners.clear()
  }

  #tell(userId: string | null): void {
    for (const listener of this.#listeners) listener(userId)
  }
}
