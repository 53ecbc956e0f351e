// Who may use the hub: accounts, their role and their life, and the first administrator's set-up token.
import { createHmac } from 'node:crypto'
import { HubError, type FieldFault, type Role, because, presentFaults, username as usernameSchema } from '@mcphub/api'
import type { ConsoleSessions } from '../../auth/console-sessions.ts'
import type { ChangeSource, Transactor, Unit } from '../../db/unit.ts'
import type { Secret } from '../../secrets/secret.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { isId } from '../ids.ts'
import type { KeysService } from '../keys/keys-service.ts'
import type { SettingsStore } from '../settings/settings-store.ts'
import { CANARY_MARK, isCanary } from './canary-mark.ts'
import { createSetup } from './setup.ts'
import { announceUser, subscribeUsers } from './user-changes.ts'
import type { UserPatch, UsersStore } from './users-store.ts'

export interface User {
  /** immutable */
  readonly id: string
  /** unique among the living, in one form only (`username` of @mcphub/api) */
  readonly username: string
  readonly role: Role
  readonly active: boolean
  readonly createdAt: Date
  /** last use of any of the user's keys */
  readonly lastSeenAt: Date | null
  /** soft-deleted: restorable, keys dead */
  readonly deletedAt: Date | null
}

/** Who asks for a change: a principal, or (userId null) the hub itself. */
export interface Actor {
  readonly userId: string | null
}

export interface NewUser {
  readonly username: string
  readonly role?: Role
}

export interface UserFilter {
  /** part of the username */
  readonly search?: string
  /** default 'living' = active and inactive */
  readonly state?: 'living' | 'active' | 'inactive' | 'deleted' | 'all'
  readonly role?: Role
  /** default 100, at most 1000 */
  readonly limit?: number
  /** `next` of the page before, unchanged */
  readonly after?: string
}

export interface UserPage {
  readonly users: readonly User[]
  /** null = last page */
  readonly next: string | null
}

/** `deleted` = soft, `erased` = hard: every row is gone, and so must be sandboxes and folders. */
export type UserChangeKind =
  | 'created'
  | 'activated'
  | 'deactivated'
  | 'promoted'
  | 'demoted'
  | 'deleted'
  | 'restored'
  | 'erased'

export interface UserChange {
  readonly userId: string
  readonly kind: UserChangeKind
  /** made by this process, and by no other */
  readonly isOwn: boolean
}

export interface SetupToken {
  readonly token: Secret
  readonly expiresAt: Date
}

/** Every method throws HubError: `invalid_params` with faults, `not_found`, `conflict`, `forbidden`, `database_unavailable`. */
export interface UsersService {
  create(actor: Actor, input: NewUser): Promise<User>
  /** The same, as part of a larger transaction. */
  createIn(unit: Unit, input: NewUser): Promise<User>
  list(filter?: UserFilter): Promise<UserPage>
  /** How many the filter finds on all pages. */
  count(filter?: Pick<UserFilter, 'search' | 'state' | 'role'>): Promise<number>
  /** By id or by the username of a living user. */
  find(reference: string): Promise<User>
  /** Names for ids, for lists of many. Of an erased user the id alone remains. */
  names(ids: Iterable<string | null>): Promise<ReadonlyMap<string, string>>
  activate(actor: Actor, userId: string): Promise<User>
  /** @throws `forbidden` for oneself, `conflict` for the last active administrator (as do demote and both deletes) */
  deactivate(actor: Actor, userId: string): Promise<User>
  promote(actor: Actor, userId: string): Promise<User>
  demote(actor: Actor, userId: string): Promise<User>
  /** Ends the person's console sessions, as every change of role. @throws `forbidden` for oneself */
  setRole(actor: Actor, userId: string, role: Role): Promise<User>
  /** Soft: restorable, keys dead at once. */
  remove(actor: Actor, userId: string): Promise<User>
  /** Old keys stay dead. @throws `conflict` when a living user has the name by now */
  restore(actor: Actor, userId: string): Promise<User>
  /** Hard: every row of the user; audit keeps the id alone. Works on soft-deleted users too. */
  erase(actor: Actor, userId: string): Promise<void>

  /** A new one-time token, replacing the one before; null as soon as an administrator exists. */
  createSetupToken(): Promise<SetupToken | null>
  /** The first administrator and their first key (full, once). Of two at the same time one wins. @throws `forbidden` for any bad token */
  redeemSetup(input: { readonly token: string; readonly username: string }): Promise<{ user: User; key: Secret }>
  /** The same without a key, as part of a larger transaction. */
  redeemSetupIn(unit: Unit, input: { readonly token: string; readonly username: string }): Promise<User>
  /** There is no active administrator. */
  isSetupNeeded(): Promise<boolean>
  /** Whether it could be redeemed, while there is no administrator. */
  isSetupToken(token: string): Promise<boolean>

  /** Also for changes made by other replicas, ≤ 1 s later (≤ 5 s after a database loss). */
  onUserChange(listener: (change: UserChange) => void): () => void
}

export interface UsersDeps {
  readonly store: UsersStore
  readonly settings: SettingsStore
  readonly transactor: Transactor
  readonly changes: ChangeSource
  readonly keys: Pick<KeysService, 'createIn' | 'revokeAllIn'>
  readonly sessions: Pick<ConsoleSessions, 'endAllIn'>
  /** names of erased people are kept by their HMAC under it */
  readonly hubId: string
}

const PAGE = 100
/** Of what a page may hold, the most: who wants everybody asks once for all but the largest hub. */
export const MAX_PAGE = 10_000
const ALL_LOCKED = 100_000

export function createUsersService(deps: UsersDeps): UsersService {
  const { store, transactor, changes, keys, sessions } = deps

  async function getUser(unit: Unit | null, id: string): Promise<User> {
    const user = isId(id) ? await store.get(unit, id) : null
    if (!user) throw new HubError('not_found', 'There is no such user')
    return user
  }

  async function insertAnybody(unit: Unit, input: { username: string; role: Role }): Promise<User> {
    const user = await store.insert(unit, { username: checkUsername(input.username), role: input.role })
    announceUser(unit, 'created', user.id)
    return user
  }

  async function insertUser(unit: Unit, input: { username: string; role: Role }): Promise<User> {
    if (isCanary(checkUsername(input.username))) throw usernameRefused([CANARY_FAULT])
    return insertAnybody(unit, input)
  }

  const createIn = (unit: Unit, { username, role = 'member' }: NewUser): Promise<User> =>
    insertUser(unit, { username, role })

  /** The work under the one lock of administrators, with the post-condition: who had an administrator still has one. */
  function guarded<T>(work: (unit: Unit) => Promise<T>): Promise<T> {
    return transactor.transaction(async (unit) => {
      await store.lockAdmins(unit)
      const before = await store.countActiveAdmins(unit)
      const result = await work(unit)
      if (before > 0 && (await store.countActiveAdmins(unit)) === 0)
        throw new HubError(
          'conflict',
          'This is the last active administrator; make another one first',
          because('lastAdmin'),
        )
      return result
    })
  }

  async function change(unit: Unit, user: User, step: { kind: UserChangeKind; patch: UserPatch }): Promise<User> {
    const changed = await store.update(unit, user.id, step.patch)
    if (!changed) throw new HubError('not_found', 'There is no such user')
    // what the sessions were begun for is over; a new login begins new ones
    await sessions.endAllIn(unit, user.id)
    announceUser(unit, step.kind, user.id)
    return changed
  }

  /** One step of a living user's life; taken already, it changes nothing and tells nobody. */
  function changeLiving(userId: string, kind: UserChangeKind, patch: UserPatch): Promise<User> {
    return guarded(async (unit) => {
      const user = await getUser(unit, userId)
      if (user.deletedAt)
        throw new HubError('conflict', 'This user is deleted; restore them first', because('userDeleted'))
      const isTaken = Object.entries(patch).every(([name, value]) => user[name as keyof User] === value)
      return isTaken ? user : change(unit, user, { kind, patch })
    })
  }

  return {
    ...createSetup({ ...deps, insertUser }),
    create: (actor, { username, role = 'member' }) =>
      transactor.transaction((unit) => (actor.userId === null ? insertAnybody : insertUser)(unit, { username, role })),
    createIn,
    list: (filter = {}) => listPage(store, filter),
    count: (filter = {}) => store.count(normalize(filter)),
    names: async (ids) => {
      const wanted = [...new Set(ids)].filter((id) => id !== null).filter(isId)
      return wanted.length === 0 ? new Map() : store.names(wanted)
    },
    find: async (reference) => {
      if (isId(reference)) return getUser(null, reference)
      const user = await store.findLiving(canonicalUsername(reference) ?? '')
      if (!user) throw new HubError('not_found', 'There is no such user')
      return user
    },
    activate: (_actor, userId) => changeLiving(userId, 'activated', { active: true }),
    deactivate: async (actor, userId) => {
      checkNotSelf(actor, userId)
      return changeLiving(userId, 'deactivated', { active: false })
    },
    promote: (_actor, userId) => changeLiving(userId, 'promoted', { role: 'admin' }),
    demote: async (actor, userId) => {
      checkNotSelf(actor, userId)
      return changeLiving(userId, 'demoted', { role: 'member' })
    },
    setRole: async (actor, userId, role) => {
      checkNotSelf(actor, userId)
      return changeLiving(userId, role === 'admin' ? 'promoted' : 'demoted', { role })
    },
    remove: async (actor, userId) => {
      checkNotSelf(actor, userId)
      return guarded(async (unit) => {
        const user = await getUser(unit, userId)
        if (user.deletedAt) return user
        await keys.revokeAllIn(unit, userId)
        return change(unit, user, { kind: 'deleted', patch: { deletedAt: new Date() } })
      })
    },
    restore: (_actor, userId) =>
      guarded(async (unit) => {
        const user = await getUser(unit, userId)
        return user.deletedAt ? change(unit, user, { kind: 'restored', patch: { deletedAt: null } }) : user
      }),
    erase: async (actor, userId) => {
      checkNotSelf(actor, userId)
      await guarded(async (unit) => {
        const user = await getUser(unit, userId)
        await store.erase(unit, user, createHmac('sha256', deps.hubId).update(user.username).digest())
        announceUser(unit, 'erased', userId)
        unit.announce('variables', `${userId}/`)
        unit.announce('groups', userId)
      })
    },
    onUserChange: (listener) => subscribeUsers({ changes, listLocked: () => listLocked(store) }, listener),
  }
}

function checkNotSelf(actor: Actor, userId: string): void {
  if (actor.userId === userId)
    throw new HubError(
      'forbidden',
      'Nobody deactivates, demotes or deletes themself; ask another administrator',
      because('notOneself'),
    )
}

function canonicalUsername(text: string): string | null {
  const parsed = usernameSchema.safeParse(text)
  return parsed.success ? parsed.data : null
}

function checkUsername(text: string): string {
  const parsed = usernameSchema.safeParse(text)
  const faults = parsed.success ? [] : presentFaults(parsed.error).map((fault) => ({ ...fault, field: 'username' }))
  if (parsed.success && isId(parsed.data))
    faults.push({ field: 'username', message: 'It looks like an id; choose a name' })
  if (!parsed.success || faults.length > 0) throw usernameRefused(faults)
  return parsed.data
}

const CANARY_FAULT = {
  field: 'username',
  message: `Names with ${CANARY_MARK} in them belong to the tests of the hub; choose another`,
} as const
const usernameRefused = (faults: readonly FieldFault[]): HubError =>
  new HubError('invalid_params', 'The username is not valid', { faults })

const normalize = <Filter extends Pick<UserFilter, 'search'>>(filter: Filter): Filter =>
  filter.search === undefined ? filter : { ...filter, search: filter.search.normalize('NFC').toLowerCase() }

const parsePlace = ([username, id]: readonly unknown[]): { username: string; id: string } | null =>
  typeof username === 'string' && typeof id === 'string' && isId(id) ? { username, id } : null

async function listPage(store: UsersStore, filter: UserFilter): Promise<UserPage> {
  const { after: cursor, ...rest } = filter
  const limit = Math.min(Math.max(filter.limit ?? PAGE, 1), MAX_PAGE)
  const after = cursor === undefined ? {} : { after: readCursor(cursor, parsePlace) }
  const users = await store.list({ ...normalize(rest), ...after, limit: limit + 1 })
  const page = users.slice(0, limit)
  const last = page.at(-1)
  const more = users.length > limit && last
  return {
    users: page,
    next: more ? writeCursor([last.username, last.id]) : null,
  }
}

async function listLocked(store: UsersStore): Promise<readonly User[]> {
  const [inactive, deleted] = await Promise.all([
    store.list({ state: 'inactive', limit: ALL_LOCKED }),
    store.list({ state: 'deleted', limit: ALL_LOCKED }),
  ])
  return [...inactive, ...deleted]
}
