// REST: a user's own groups, and the UserGroups of the catalogue for administrators to read.
import type { GroupResponse, UserGroupResponse } from '@mcphub/api'
import { groupHas } from '../../access/entitlement.ts'
import type { Catalog, CatalogGroup, CatalogSnapshot } from '../../catalog/catalog.ts'
import type { Handlers } from '../../platform/route.ts'
import type { GroupsService, PersonalGroup } from './groups-service.ts'

export interface GroupsRouterDeps {
  readonly groups: GroupsService
  readonly catalog: Pick<Catalog, 'snapshot'>
}

type Ids = 'listGroups' | 'createGroup' | 'updateGroup' | 'deleteGroup' | 'setGroupActive' | 'listUserGroups'

export function createGroupsRouter({ groups, catalog }: GroupsRouterDeps): Handlers<Ids> {
  return {
    listGroups: async ({ principal }) => ({ items: (await groups.list(principal.userId)).map(presentGroup) }),
    async createGroup({ principal, body, about }) {
      about(body.name)
      return presentGroup(await groups.create(principal.userId, { ...body, description: body.description ?? null }))
    },
    async updateGroup({ principal, params, body }) {
      const change = { ...body, description: body.description ?? null }
      return presentGroup(await groups.update(principal.userId, params.id, change))
    },
    async deleteGroup({ principal, params }) {
      await groups.remove(principal.userId, params.id)
      return undefined
    },
    async setGroupActive({ principal, params, body, about }) {
      about(`${params.id} active=${body.active}`)
      return presentGroup(await groups.setActive(principal.userId, params.id, body.active))
    },
    listUserGroups() {
      const snapshot = catalog.snapshot()
      return { items: [...snapshot.groups.values()].map((group) => presentUserGroup(group, snapshot)) }
    },
  }
}

function presentGroup(group: PersonalGroup): GroupResponse {
  return {
    id: group.id,
    name: group.name,
    description: group.description,
    servers: [...group.servers],
    active: group.active,
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
  }
}
