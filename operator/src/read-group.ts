// A group as the operator keeps it. What of its spec has a shape that nothing here knows (shapes.ts) is left out, with the sentence that says
// so; the rest holds, its runtime class above all: a group that fell away whole would take from its people what keeps them apart. One that
// does not say whether it is active is not.
import { userGroupSpec, type UserGroupSpec } from '@mcphub/api'
import type { GroupObject } from './resources.ts'
import { findShapeFaults, sayUnreadable } from './shapes.ts'

const { servers: _none, ...STAND_IN } = userGroupSpec.parse({ servers: [], active: false })
/** whose members stand each for itself */
const LOOSE: ReadonlySet<PropertyKey> = new Set(['limits', 'sandboxes'])

export function readGroup(group: GroupObject): GroupObject {
  const faults = findShapeFaults(userGroupSpec, group.spec)
  if (faults.length === 0) return group
  const spec = faults.reduce<object>((kept, { path }) => without(kept, path), group.spec)
  return { ...group, spec: { ...STAND_IN, ...spec } as UserGroupSpec, unreadable: sayUnreadable(faults) }
}

function without(spec: unknown, [first, second]: readonly PropertyKey[]): object {
  if (first === undefined || spec === null || typeof spec !== 'object') return {}
  const { [first]: member, ...kept } = spec as Record<PropertyKey, unknown>
  return LOOSE.has(first) && second !== undefined ? { ...kept, [first]: without(member, [second]) } : kept
}
