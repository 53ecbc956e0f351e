// Which tools of a server a person may use. Pure.
//  - The manifest's `tools.allow` and `deny` go by the server's own tool names; they bind everybody.
//  - A tool whose definition changed may be held back from everybody until an administrator has looked (held-tools.ts).
//  - A UserGroup's go by exposed names (`<server>__<tool>`, `<server>__*`). Several groups: a tool is allowed when one of the groups that
//    give the server allows it (`access: Everyone` allows all); a deny of any group the person is in wins over every allow.
// In patterns `*` stands for any run of characters; an absent allow list allows all, an empty one nothing.
import { exposeToolName } from '@mcphub/api'
import type { CatalogGroup } from '../catalog/catalog.ts'
import type { Entitlement } from './entitlement.ts'

export interface ToolPolicy {
  /** equal texts = the same decisions; tells whether a view changed */
  readonly fingerprint: string
  /** why a tool may not be used, or null */
  readonly check: (tool: string) => string | null
}

export const HELD = 'its definition changed, and it is held back until an administrator has looked'

const NONE: ReadonlySet<string> = new Set()

/**
 * `groupsOfPerson`: all active groups the person is in, also those that do not give this server: their denies count too. `held`: asked anew at
 * each look, so that nothing is let through between a change and the view that is made of it.
 */
export function buildToolPolicy(
  entitlement: Entitlement,
  groupsOfPerson: readonly CatalogGroup[],
  held: () => ReadonlySet<string> = () => NONE,
): ToolPolicy {
  const { server, everyone, groups } = entitlement
  const { allow, deny = [] } = server.spec.tools
  const groupDenies = groupsOfPerson.filter(({ spec }) => spec.tools.deny?.length)
  const groupAllows = everyone || groups.some(({ spec }) => !spec.tools.allow) ? null : groups
  const rules = [
    allow ?? null,
    deny,
    groupDenies.map(({ spec }) => spec.tools.deny),
    groupAllows?.map(({ spec }) => spec.tools.allow),
    [...held()].toSorted(),
  ]
  const check = (tool: string): string | null => {
    if (allow && !matchesAny(allow, [tool])) return 'the manifest of the server does not allow this tool'
    if (matchesAny(deny, [tool])) return 'the manifest of the server denies this tool'
    const names = exposedNames(server, tool)
    const denying = groupDenies.find(({ spec }) => matchesAny(spec.tools.deny!, names))
    if (denying) return `UserGroup "${denying.name}" denies this tool`
    if (!groupAllows || groupAllows.some(({ spec }) => matchesAny(spec.tools.allow!, names)))
      return held().has(tool) ? HELD : null
    return `no allow list of UserGroup ${groupAllows.map(({ name }) => `"${name}"`).join(', ')} has this tool`
  }
  return { fingerprint: JSON.stringify(rules), check }
}

/** What a pattern may mean by a tool's name: as shown, unshortened, and with the server's name where its prefix is another. */
function exposedNames(server: Entitlement['server'], tool: string): readonly string[] {
  return [exposeToolName(server.prefix, tool), `${server.prefix}__${tool}`, `${server.name}__${tool}`]
}

function matchesAny(patterns: readonly string[], names: readonly string[]): boolean {
  return patterns.some((pattern) => names.some((name) => matchesPattern(pattern, name)))
}

/** `*` = any run of characters, everything else literally. Linear in both: no regular expression that a pattern could blow up. */
export function matchesPattern(pattern: string, name: string): boolean {
  const [first, ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === name
  const last = rest.pop()!
  if (!name.startsWith(first!) || !name.endsWith(last) || name.length < first!.length + last.length) return false
  let at = first!.length
  const end = name.length - last.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
