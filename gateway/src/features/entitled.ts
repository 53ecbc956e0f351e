// What a person may use at all: entitlement and key scope. Their personal groups decide what an editor is shown, not what a list of servers
// or a form for variables is about.
import type { Grant, View } from '../access/access.ts'
import { buildView } from '../access/build-view.ts'
import type { HeldTools } from '../access/held-tools.ts'
import type { Principal } from '../auth/principal.ts'
import type { Catalog } from '../catalog/catalog.ts'

const NOT_NARROWED = { shown: null, named: null } as const

/** `heldTools`: NOTHING_HELD where held tools are told of, too. */
export function listEntitled(
  catalog: Pick<Catalog, 'snapshot'>,
  principal: Principal,
  heldTools: Pick<HeldTools, 'listHeld'>,
): readonly Grant[] {
  const { view } = buildView(principal, { kind: 'all' }, { ...NOT_NARROWED, heldTools }, catalog.snapshot())
  return [...(view?.grants.values() ?? [])]
}

/** One of them, with what limits its use; null: it is none of theirs, or does not exist. */
export function viewEntitled(
  catalog: Pick<Catalog, 'snapshot'>,
  principal: Principal,
  heldTools: Pick<HeldTools, 'listHeld'>,
  name: string,
): View | null {
  return buildView(principal, { kind: 'server', name }, { ...NOT_NARROWED, heldTools }, catalog.snapshot()).view
}
