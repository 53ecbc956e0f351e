// The status of a UserGroup from what is known of it. Pure.
import { checkUserGroup, givesServer, type UserGroupStatus } from '@mcphub/api'
import { setCondition, type Condition, type NewCondition } from '@mcphub/kube'
import { listFaults } from '../mcp-server/checks.ts'
import type { GroupObject, ServerObject } from '../resources.ts'
import type { SandboxCount } from '../sandbox-counts.ts'

export interface GroupFacts {
  readonly group: GroupObject
  /** servers of the namespace, by name */
  readonly servers: ReadonlyMap<string, ServerObject>
  readonly counts: SandboxCount
  readonly now: Date
}

/** Numbers that change with every wake. */
export const COUNTS = ['sandboxes'] as const

const MOST_NAMES = 10

type Said = Pick<NewCondition, 'status' | 'reason' | 'message'>

export function buildGroupStatus({ group, servers, counts, now }: GroupFacts): UserGroupStatus {
  const { generation } = group.metadata
  const observed = generation === undefined ? {} : { observedGeneration: generation }
  const { found, missing } = resolveServers(group, servers)
  const said: [type: string, said: Said][] = [
    ['Ready', judgeReady(group)],
    ['ServersResolved', judgeServers(group, found, missing)],
  ]
  const conditions = said.reduce<readonly Condition[]>(
    (all, [type, condition]) => setCondition(all, { type, ...condition, ...observed }, now),
    (group.status?.conditions ?? []) as readonly Condition[],
  )
  return {
    ...observed,
    conditions: [...conditions] as UserGroupStatus['conditions'],
    servers: { found, missing: missing.length },
    sandboxes: { total: counts.total, running: counts.running },
  }
}

/** How many servers there are for it, and the names of those that it names in vain. */
function resolveServers(
  { spec }: GroupObject,
  servers: GroupFacts['servers'],
): { readonly found: number; readonly missing: readonly string[] } {
  if (spec.servers) {
    const missing = spec.servers.filter((name) => !servers.has(name))
    return { found: spec.servers.length - missing.length, missing }
  }
  const selected = [...servers.values()].filter(({ metadata: { name, labels = {} } }) =>
    givesServer(spec, { name, labels }),
  )
  return { found: selected.length, missing: [] }
}

function judgeReady({ spec, unreadable }: GroupObject): Said {
  if (unreadable !== undefined) return { status: 'False', reason: 'Invalid', message: unreadable }
  const faults = checkUserGroup(spec).map(({ field, message }) => ({ field: `spec.${field}`, message }))
  if (faults.length > 0) return { status: 'False', reason: 'Invalid', message: listFaults(faults) }
  if (!spec.active)
    return { status: 'False', reason: 'Inactive', message: 'spec.active is false: the group gives nothing' }
  const { users, claims } = spec.members
  if (users.length + claims.length === 0)
    return { status: 'True', reason: 'Ready', message: 'nobody is in it: name people in spec.members.users or .claims' }
  return { status: 'True', reason: 'Ready', message: 'the people of spec.members that the hub knows have its servers' }
}

function judgeServers({ spec }: GroupObject, found: number, missing: readonly string[]): Said {
  if (missing.length > 0) {
    const more = missing.length > MOST_NAMES ? ` and ${missing.length - MOST_NAMES} more` : ''
    return {
      status: 'False',
      reason: 'ServersMissing',
      message: `there is no McpServer ${missing.slice(0, MOST_NAMES).join(', ')}${more}: create it, or take it out of spec.servers`,
    }
  }
  if (spec.serverSelector && found === 0)
    return {
      status: 'False',
      reason: 'NothingSelected',
      message: 'no McpServer has the labels of spec.serverSelector: label one, or change the selector',
    }
  return { status: 'True', reason: 'Resolved', message: 'every server it names is there' }
}
