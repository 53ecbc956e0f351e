// Whose account it is that came back from a provider: found by its immutable subject, made where the provider lets new people in, linked where
// somebody who is logged in asked for it. A login name or an address never decides whose it is (ID-5).
import { createHmac } from 'node:crypto'
import { HubError, because } from '@mcphub/api'
import type { ConsoleSessions } from '../../auth/console-sessions.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Transactor, Unit } from '../../db/unit.ts'
import type { UsersService } from '../users/users-service.ts'
import type { AccountStore, LinkedAccount } from './account-store.ts'
import type { ClaimsBook } from './claims.ts'
import { chooseHandle, toHandle } from './handle.ts'
import { LoginRefusal } from './login-refusal.ts'
import type { ProviderSetting } from './provider-settings.ts'
import type { Proof } from './provider.ts'

export interface Accounts {
  /** The person's id. @throws LoginRefusal `not_active`, `not_invited`, `answer_not_valid`; HubError */
  enter(unit: Unit, proof: Proof, newPeople: ProviderSetting['newPeople']): Promise<string>
  /** @throws LoginRefusal `account_taken`, `answer_not_valid`; HubError */
  link(unit: Unit, userId: string, proof: Proof): Promise<void>
  list(userId: string): Promise<readonly LinkedAccount[]>
  /** Ends the person's other console sessions. @throws HubError `not_found`, `conflict` for the last way in */
  unlink(person: { readonly userId: string; readonly sessionId: string }, id: string): Promise<void>
}

export interface AccountsDeps {
  readonly store: AccountStore
  readonly transactor: Transactor
  readonly users: Pick<UsersService, 'createIn'>
  readonly sessions: Pick<ConsoleSessions, 'endAllIn'>
  readonly claims: Pick<ClaimsBook, 'forget'>
  readonly catalog: Pick<Catalog, 'snapshot'>
  /** names of erased people are kept by their HMAC under it */
  readonly hubId: string
  /** people log in with a password, too: only then is one a way in */
  readonly localLogin: boolean
}

/** It is found by its name, and its key is shown to whoever starts a hub on their own machine. */
const RESERVED: readonly string[] = ['demo']

export function createAccounts(deps: AccountsDeps): Accounts {
  const { store, transactor, users, sessions, catalog, hubId, localLogin } = deps

  const isExpected = (name: string): boolean =>
    [...catalog.snapshot().groups.values()].some(({ spec }) => spec.members.users.includes(name))

  async function isFree(unit: Unit, name: string): Promise<boolean> {
    if (RESERVED.includes(name) || isExpected(name)) return false
    return !(await store.isNameUsed(unit, name, createHmac('sha256', hubId).update(name).digest()))
  }

  async function make(unit: Unit, { account, wish }: Proof): Promise<string> {
    const username = await chooseHandle(toHandle(wish), (name) => isFree(unit, name))
    const { id } = await users.createIn(unit, { username })
    await store.link(unit, id, account)
    return id
  }

  /** An account that was unlinked in between opens nothing: its sessions have been ended, and none may begin after them. */
  async function recordLogin(unit: Unit, { account, label }: Proof): Promise<void> {
    if (await store.recordLogin(unit, account, label)) return
    throw new LoginRefusal('answer_not_valid', { detail: 'the account was unlinked meanwhile' })
  }

  return {
    async enter(unit, proof, newPeople) {
      await store.lock(unit, proof.account)
      const owner = await store.findOwner(unit, proof.account)
      if (owner !== null && !isAlive(owner)) throw new LoginRefusal('not_active')
      if (owner === null && newPeople === 'InvitedOnly') throw new LoginRefusal('not_invited')
      const id = owner?.id ?? (await make(unit, proof))
      await recordLogin(unit, proof)
      return id
    },
    async link(unit, userId, proof) {
      const { account } = proof
      await store.lock(unit, account)
      const owner = await store.findOwner(unit, account)
      if (owner !== null && owner.id !== userId) throw new LoginRefusal('account_taken')
      if (owner === null) await store.link(unit, userId, account)
      await recordLogin(unit, proof)
    },
    list: (userId) => store.list(userId),
    unlink: ({ userId, sessionId }, id) =>
      transactor.transaction(async (unit) => {
        const { accounts, hasPassword } = await store.lockWaysIn(unit, userId)
        const account = accounts.find((one) => one.id === id)
        if (!account) throw new HubError('not_found', 'There is no such account')
        if (!(hasPassword && localLogin) && accounts.length === 1) throw lastWayIn(localLogin)
        await store.unlink(unit, id)
        await deps.claims.forget(unit, { userId, provider: account.provider })
        await sessions.endAllIn(unit, userId, sessionId)
      }),
  }
}

const lastWayIn = (localLogin: boolean): HubError => {
  const first = localLogin ? 'set a password first' : 'link another account first'
  return new HubError('conflict', `This is your only way in; ${first}`, because('lastWayIn'))
}

const isAlive = ({ active, deletedAt }: { active: boolean; deletedAt: Date | null }): boolean =>
  active && deletedAt === null
