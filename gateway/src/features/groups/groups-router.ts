// REST: a user's own groups, and the UserGroups of the catalogue for administrators to read.
import type { GroupResponse, UserGroupResponse } from '@mcphub/api'
import { groupHas } from '../../access/entitlement.ts'
import type { Principal } from '../../auth/principal.ts'
import type { CatalogGroup, CatalogSnapshot } from '../../catalog/catalog.ts'
import type { Handlers } from '../../platform/route.ts'
import { presentDeclaration } from '../present-declaration.ts'
import { countToolsOf, type CountToolsDeps, countVisible } from './count-tools.ts'
import type { GroupsService, PersonalGroup } from './groups-service.ts'

export interface GroupsRouterDeps extends CountToolsDeps {
  readonly groups: GroupsService
}

type Ids = 'listGroups' | 'createGroup' | 'updateGroup' | 'deleteGroup' | 'setGroupActive' | 'listUserGroups'

export function createGroupsRouter(deps: GroupsRouterDeps): Handlers<Ids> {
  const { groups, catalog } = deps
  const presentOne = (principal: Principal, group: PersonalGroup): GroupResponse =>
    presentGroup(group, countToolsOf(deps, principal)(group))
  return {
    async listGroups({ principal }) {
      const [own, visible] = await Promise.all([groups.list(principal.userId), countVisible(deps, principal)])
      const countTools = countToolsOf(deps, principal)
      return { items: own.map((group) => presentGroup(group, countTools(group))), visible }
    },
    async createGroup({ principal, body, about }) {
      about(body.name)
      const group = await groups.create(principal.userId, { ...body, description: body.description ?? null })
      return presentOne(principal, group)
    },
    async updateGroup({ principal, params, body }) {
      const change = { ...body, description: body.description ?? null }
      return presentOne(principal, await groups.update(principal.userId, params.id, change))
    },
    async deleteGroup({ principal, params }) {
      await groups.remove(principal.userId, params.id)
      return undefined
    },
    async setGroupActive({ principal, params, body, about }) {
      about(`${params.id} active=${body.active}`)
      const group = await groups.setActive(principal.userId, params.id, body.active)
      about(`${group.id} ${group.name} active=${body.active}`)
      return presentOne(principal, group)
    },
    listUserGroups() {
      const snapshot = catalog.snapshot()
      return { items: [...snapshot.groups.values()].map((group) => presentUserGroup(group, snapshot)) }
    },
  }
}

function presentGroup(group: PersonalGroup, toolCount: number): GroupResponse {
  return {
    id: group.id,
    name: group.name,
    description: group.description,
    servers: [...group.servers],
    active: group.active,
    toolCount,
    createdAt: group.createdAt.toISOString(),
    updatedAt: group.updatedAt.toISOString(),
  }
}

function presentUserGroup(group: CatalogGroup, snapshot: CatalogSnapshot): UserGroupResponse {
  const { name, spec } = group
  const { limits } = spec
  return {
    name,
    displayName: spec.displayName ?? null,
    description: spec.description ?? null,
    active: spec.active,
    members: { users: spec.members.users, claims: spec.members.claims },
    servers: [...snapshot.servers.values()].filter((server) => groupHas(group, server)).map(({ name }) => name),
    limits: {
      maxRunningPerUser: limits.maxRunningPerUser ?? null,
      callsPerMinute: limits.callsPerMinute ?? null,
      cpu: limits.cpu ?? null,
      memory: limits.memory ?? null,
    },
    ...presentDeclaration(snapshot, `UserGroup/${name}`),
  }
}
