// What a person may use at all: entitlement and key scope. Their personal groups decide what an editor is shown, not what a list of servers
// or a form for variables is about.
import type { Grant } from '../access/access.ts'
import { buildView } from '../access/build-view.ts'
import type { Principal } from '../auth/principal.ts'
import type { Catalog } from '../catalog/catalog.ts'

const NOT_NARROWED = { shown: null, named: null } as const

export function listEntitled(catalog: Pick<Catalog, 'snapshot'>, principal: Principal): readonly Grant[] {
  const { view } = buildView(principal, { kind: 'all' }, NOT_NARROWED, catalog.snapshot())
  return [...(view?.grants.values() ?? [])]
}
