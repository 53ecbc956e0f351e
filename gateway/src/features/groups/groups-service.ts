// Personal groups: a user's own on/off sets of servers, which narrow what their editor shows.
import { createGroupRequest, HubError, presentFaults } from '@mcphub/api'
import type { KnownGroup, PersonalGroups } from '../../access/personal-groups.ts'
import { FeedCache } from '../../db/feed-cache.ts'
import type { ChangeSource, Transactor } from '../../db/unit.ts'
import { isId } from '../ids.ts'
import type { GroupsStore } from './groups-store.ts'

export interface PersonalGroup {
  readonly id: string
  readonly name: string
  readonly description: string | null
  /** server names; ones the catalogue does not know (now) are kept and show nothing */
  readonly servers: readonly string[]
  readonly active: boolean
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** What is left out stays as it is. */
export interface PersonalGroupChange {
  readonly name?: string
  readonly description?: string | null
  readonly servers?: readonly string[]
  readonly active?: boolean
}

export interface NewPersonalGroup {
  readonly name: string
  readonly description?: string | null
  readonly servers: readonly string[]
  /** default true */
  readonly active?: boolean
}

/** Every method throws HubError: `invalid_params` with faults, `not_found` (also for another user's group), `conflict`, `limit_exceeded`. */
export interface GroupsService extends PersonalGroups {
  list(userId: string): Promise<readonly PersonalGroup[]>
  create(userId: string, input: NewPersonalGroup): Promise<PersonalGroup>
  update(userId: string, groupId: string, change: PersonalGroupChange): Promise<PersonalGroup>
  setActive(userId: string, groupId: string, active: boolean): Promise<PersonalGroup>
  remove(userId: string, groupId: string): Promise<void>
}

export interface GroupsDeps {
  readonly store: GroupsStore
  readonly transactor: Transactor
  readonly changes: ChangeSource
  /** default 64 */
  readonly maxPerUser?: number
}

/** What the groups of one user amount to. */
interface Shown {
  readonly servers: ReadonlySet<string> | null
  readonly byName: ReadonlyMap<string, ReadonlySet<string>>
  readonly byId: ReadonlyMap<string, KnownGroup>
}

export function createGroupsService(deps: GroupsDeps): GroupsService {
  const { store, transactor, maxPerUser = 64 } = deps
  const listeners = new Set<(userId: string) => void>()
  const cache = new FeedCache<Shown>({ load: async (userId) => sumUp(await store.list(null, userId)) })

  deps.changes.subscribe('groups', (userIds) => {
    const touched = userIds ?? new Set(cache.keys())
    cache.invalidate(userIds)
    for (const userId of touched) for (const listener of listeners) listener(userId)
  })

  function pick<T>(userId: string, select: (shown: Shown) => T): T | Promise<T> {
    const shown = cache.get(userId)
    return shown instanceof Promise ? shown.then(select) : select(shown)
  }

  function update(userId: string, groupId: string, change: PersonalGroupChange): Promise<PersonalGroup> {
    const fields = checkChange(change)
    return transactor.transaction(async (unit) => {
      const group = isId(groupId) ? await store.update(unit, { userId, id: groupId }, fields) : null
      if (!group) throw noSuchGroup()
      unit.announce('groups', userId)
      return group
    })
  }

  return {
    shown: (userId) => pick(userId, (shown) => shown.servers),
    group: (userId, name) => pick(userId, (shown) => shown.byName.get(name) ?? null),
    byId: (userId, groupId) => pick(userId, (shown) => shown.byId.get(groupId) ?? null),
    having: (userId, server) =>
      pick(userId, ({ byName }) => [...byName].flatMap(([name, servers]) => (servers.has(server) ? [name] : []))),
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    list: (userId) => store.list(null, userId),
    create: async (userId, input) => {
      const fields = { description: null, active: true, ...checkNew(input) }
      return transactor.transaction(async (unit) => {
        if ((await store.list(unit, userId)).length >= maxPerUser)
          throw new HubError('limit_exceeded', `At most ${maxPerUser} groups; remove one that is not needed`)
        const group = await store.insert(unit, userId, fields)
        unit.announce('groups', userId)
        return group
      })
    },
    update: async (userId, groupId, change) => update(userId, groupId, change),
    setActive: async (userId, groupId, active) => update(userId, groupId, { active }),
    remove: (userId, groupId) =>
      transactor.transaction(async (unit) => {
        if (!isId(groupId) || !(await store.remove(unit, { userId, id: groupId }))) throw noSuchGroup()
        unit.announce('groups', userId)
      }),
  }
}

const noSuchGroup = (): HubError => new HubError('not_found', 'There is no such group')

/** No group = nothing is narrowed; groups but none active = nothing is shown. */
function sumUp(groups: readonly PersonalGroup[]): Shown {
  const active = groups.filter((group) => group.active)
  return {
    servers: groups.length === 0 ? null : new Set(active.flatMap((group) => group.servers)),
    byName: new Map(groups.map((group) => [group.name, new Set(group.servers)])),
    byId: new Map(groups.map(({ id, name, servers }) => [id, { name, servers: new Set(servers) }])),
  }
}

function checkNew(input: NewPersonalGroup): NewPersonalGroup {
  const { name = '', servers = [], ...rest } = checkChange(input)
  return { ...rest, name, servers }
}

/** By the schema of the REST contract, so that every way in keeps the same names. */
function checkChange(change: PersonalGroupChange): PersonalGroupChange {
  const { description, ...rest } = change
  const text = description === undefined || description === null ? {} : { description }
  const parsed = createGroupRequest.partial().safeParse({ ...rest, ...text })
  if (!parsed.success)
    throw new HubError('invalid_params', 'The group cannot be kept as asked', { faults: presentFaults(parsed.error) })
  const { name, servers } = parsed.data
  return {
    ...(name === undefined ? {} : { name }),
    ...(servers === undefined ? {} : { servers: [...new Set(servers)] }),
    ...(change.active === undefined ? {} : { active: change.active }),
    ...(description === undefined ? {} : { description }),
  }
}
