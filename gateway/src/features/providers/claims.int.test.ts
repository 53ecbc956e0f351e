// Claims from a login to a call, on PostgreSQL with two replicas and the notify channel cut: they come, they go with the next login, they end by
// time, and whoever never logs in again is asked to.
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { startRestHub } from '../../../../test/kit/rest-hub.ts'
import { HUB, openPgWorld, type PgWorld, type World } from '../../../../test/kit/worlds.ts'
import { createAuthenticator, type KeyAuthenticator } from '../../auth/authenticator.ts'
import type { Claim, Principal } from '../../auth/principal.ts'
import type { Database } from '../../db/database.ts'
import { createClaimsBook } from './claims.ts'
import { createPgClaimsStore } from './pg-claims-store.ts'
import { createPeopleClaims, type StartedPeopleClaims } from './people-claims.ts'

const DAY_MS = 24 * 3_600_000
const ISSUER = 'https://sso.example'

let world: PgWorld
let replicas: { auth: KeyAuthenticator; people: StartedPeopleClaims; changed: string[] }[]

beforeAll(async () => {
  world = await openPgWorld()
  const others: World[] = [await world.replica(), await world.replica()]
  replicas = others.map(({ identities, changes, transactor }) => {
    const auth = createAuthenticator({ store: identities, changes })
    const changed: string[] = []
    auth.onChanged((userId) => changed.push(userId))
    auth.start()
    return {
      auth,
      changed,
      people: createPeopleClaims({ store: createPgClaimsStore(transactor as Database), changes }),
    }
  })
  for (const { people } of replicas) await people.start()
})
afterAll(async () => {
  for (const { auth, people } of replicas) {
    await auth.stop()
    people.stop()
  }
  await world.close()
})

const groups = (...values: string[]): Claim[] => values.map((value) => ({ name: 'groups', value }))
const bookOf = (options: { loginDays?: number; localLogin?: boolean } = {}) =>
  createClaimsBook({
    ...{ store: createPgClaimsStore(world.opened.database), claimsDays: 30, loginDays: 30, localLogin: true },
    ...options,
  })

/** As a login at a provider does; `at` lies as far back as the test wants. */
const logIn = (userId: string, claims: readonly Claim[], at = new Date(), book = bookOf()) =>
  world.transactor.transaction((unit) => book.replace(unit, { userId, provider: ISSUER, claims, at }))

async function addPerson(username: string) {
  const user = await world.users.create(HUB, { username })
  const { secret } = await world.keys.create(user.id, { name: 'editor' })
  const ask = (replica: number): Promise<Principal> =>
    Promise.resolve(replicas[replica]!.auth.authenticate({ query: null, bearer: secret.reveal() }))
  return { id: user.id, ask, asks: () => Promise.all([ask(0), ask(1)]) }
}

const valuesOf = ({ claims }: { readonly claims: readonly Claim[] }): string[] => claims.map(({ value }) => value)

test('what a login told counts for the next call, on both replicas, and for what runs without one', async () => {
  const alice = await addPerson('alice')
  expect((await alice.asks()).map(valuesOf)).toEqual([[], []])
  await logIn(alice.id, groups('developers', 'writers'))
  for (const [at, { people, changed }] of replicas.entries()) {
    const first = await alice.ask(at)
    await waitUntil(async () => valuesOf(await alice.ask(at)).length === 2, 'the claims', 5_000)
    await waitUntil(() => people.of(alice.id).length === 2, 'those of who is not there', 5_000)
    expect(changed).toContain(alice.id)
    expect(replicas[at]!.auth.current(first)).toBe(await alice.ask(at))
    expect(replicas[at]!.auth.isLive(first)).toBe(true)
  }
})

test('moved out of a group: the next login takes it everywhere within 5 s; another provider keeps what it said', async () => {
  const bob = await addPerson('bob')
  await logIn(bob.id, groups('developers', 'writers'))
  const github = { userId: bob.id, provider: 'github', claims: groups('acme'), at: new Date() }
  await world.transactor.transaction((unit) => bookOf().replace(unit, github))
  await waitUntil(async () => valuesOf(await bob.ask(1)).length === 3, 'all three', 5_000)
  await logIn(bob.id, groups('writers'))
  for (const [at, { people }] of replicas.entries()) {
    await waitUntil(async () => valuesOf(await bob.ask(at)).join() === 'acme,writers', 'one less', 5_000)
    await waitUntil(() => valuesOf({ claims: people.of(bob.id) }).join() === 'acme,writers', 'here too', 5_000)
  }
  await world.transactor.transaction((unit) => bookOf().forget(unit, { userId: bob.id, provider: 'github' }))
  await waitUntil(async () => valuesOf(await bob.ask(0)).join() === 'writers', 'unlinked', 5_000)
  expect((await bob.ask(0)).loginUntil).not.toBeNull()
})

test('after 30 days claims are gone from a key that never logs in, and its person is to log in again', async () => {
  const carol = await addPerson('carol')
  const end = Date.now() + 2_000
  await logIn(carol.id, groups('developers'), new Date(end - 30 * DAY_MS))
  await waitUntil(async () => valuesOf(await carol.ask(0)).length === 1, 'still in force', 5_000)
  await carol.ask(1)
  for (const [at, { people }] of replicas.entries()) {
    await waitUntil(async () => valuesOf(await carol.ask(at)).length === 0, 'over', 10_000)
    await waitUntil(() => people.of(carol.id).length === 0, 'here too', 5_000)
    const { loginUntil } = await carol.ask(at)
    expect(Math.abs(loginUntil! - end)).toBeLessThan(1_000)
    expect(Date.now()).toBeGreaterThan(end - 500)
  }
  await logIn(carol.id, groups('developers'))
  await waitUntil(async () => valuesOf(await carol.ask(1)).length === 1, 'after the next login', 5_000)
  expect((await carol.ask(1)).loginUntil).toBeGreaterThan(end + 29 * DAY_MS)
})

describe('until when calls are possible', () => {
  const loginUntilOf = async (id: string): Promise<Date | null> => {
    const rows: { at: Date | null }[] = await world.opened.database.run(null, (manager) =>
      manager.query('SELECT login_until AS at FROM users WHERE id = $1', [id]),
    )
    return rows[0]!.at
  }

  test('30 days; for ever where the hub says so, or where the person has a password that lets them in', async () => {
    const { id } = await addPerson('dora')
    const at = new Date()
    await logIn(id, [], at)
    expect(await loginUntilOf(id)).toEqual(new Date(at.getTime() + 30 * DAY_MS))
    await logIn(id, [], at, bookOf({ loginDays: 0 }))
    expect(await loginUntilOf(id)).toBeNull()
    await logIn(id, [], at)
    await world.transactor.transaction((unit) => world.loginStore.putPassword(unit, id, 'phc'))
    await logIn(id, [], at, bookOf({ localLogin: false }))
    expect(await loginUntilOf(id)).toEqual(new Date(at.getTime() + 30 * DAY_MS))
    await logIn(id, [], at)
    expect(await loginUntilOf(id)).toBeNull()
  })

  test('now, where the provider says that the person logged out; a login with the own password is one, too', async () => {
    const emil = await addPerson('emil')
    await logIn(emil.id, [])
    await world.transactor.transaction((unit) => bookOf().end(unit, emil.id))
    await waitUntil(async () => ((await emil.ask(0)).loginUntil ?? Infinity) <= Date.now(), 'at once', 5_000)
    const renew = (): Promise<boolean> =>
      world.transactor.transaction((unit) => world.loginStore.renewLogin(unit, emil.id))
    expect([await renew(), await renew()]).toEqual([true, false])
    expect(await loginUntilOf(emil.id)).toBeNull()
  })
})

test('what cannot be kept is left out and counted: too many, too long, not text; each is kept once', async () => {
  const { id, ask } = await addPerson('fay')
  const many = Array.from({ length: 600 }, (_, at) => ({ name: 'groups', value: `g${at}` }))
  const odd = ['x'.repeat(257), '', 'a\0b', '\ud800'].map((value) => ({ name: 'groups', value }))
  const { dropped } = await logIn(id, [...odd, many[0]!, ...many])
  expect(dropped).toBe(4 + 1 + 100)
  await waitUntil(async () => (await ask(0)).claims.length === 500, 'the first 500', 5_000)
})

test('of somebody erased nothing is left', async () => {
  const { id } = await addPerson('gus')
  await logIn(id, groups('developers'))
  await waitUntil(() => replicas[0]!.people.of(id).length === 1, 'known', 5_000)
  await world.users.erase(HUB, id)
  await waitUntil(() => replicas.every(({ people }) => people.of(id).length === 0), 'forgotten', 5_000)
})

test('what has ended is removed in time', async () => {
  const { id } = await addPerson('hana')
  await logIn(id, groups('developers'), new Date(Date.now() - 31 * DAY_MS))
  const { database } = world.opened
  const count = async (): Promise<number> => {
    const rows: unknown[] = await database.run(null, (m) => m.query('SELECT 1 FROM claims WHERE user_id = $1', [id]))
    return rows.length
  }
  expect(await count()).toBe(1)
  await createPgClaimsStore(database).removeExpired()
  expect(await count()).toBe(0)
})

test('whoever cannot log in at the provider any more is let in by an administrator: an invitation, or the password made with it', async () => {
  const hub = await startRestHub()
  const { transactor, opened } = hub.world
  const book = createClaimsBook({
    ...{ store: createPgClaimsStore(opened.database), claimsDays: 30, loginDays: 30, localLogin: true },
  })
  const person = await hub.addPerson('juno')
  const statusOf = async (): Promise<number> => (await hub.send('GET', '/api/servers', { key: person.key })).status
  const end = (): Promise<void> => transactor.transaction((unit) => book.end(unit, person.id))
  await end()
  await waitUntil(async () => (await statusOf()) === 403, 'refused', 5_000)
  const { token } = await hub.login.createLink(person.id, 'invite')
  const password = 'a-harmless-gazebo-42'
  await hub.login.withLink({ token: token.reveal(), password, browser: null, presented: null })
  await waitUntil(async () => (await statusOf()) === 200, 'by the invitation', 5_000)
  await end()
  await waitUntil(async () => (await statusOf()) === 403, 'refused again', 5_000)
  await hub.login.withPassword({ username: 'juno', password, browser: null, presented: null })
  await waitUntil(async () => (await statusOf()) === 200, 'by the password', 5_000)
  await hub.stop()
})

describe('a password of one’s own frees from the provider’s login, and keeps nothing of what the provider said', () => {
  const password = 'a-harmless-gazebo-42'
  const SERVERS = { wiki: 'Groups', notes: 'Everyone' }

  async function startHub() {
    const hub = await startRestHub()
    onTestFinished(() => hub.stop())
    const { transactor, opened } = hub.world
    hub.catalog.set({
      servers: Object.fromEntries(
        Object.entries(SERVERS).map(([name, access]) => [
          name,
          { type: 'Remote', access, remote: { url: `http://${name}.example/mcp` } },
        ]),
      ),
      groups: { staff: { members: { claims: [{ name: 'groups', value: 'staff' }] }, servers: ['wiki'] } },
    })
    const store = createPgClaimsStore(opened.database)
    const book = createClaimsBook({ store, claimsDays: 30, loginDays: 30, localLogin: true })
    const person = await hub.addPerson('lena')
    return {
      hub,
      atProvider: (at = new Date(), claims = groups('staff'), provider = ISSUER) =>
        transactor.transaction((unit) => book.replace(unit, { userId: person.id, provider, claims, at })),
      loggedOutThere: () => transactor.transaction((unit) => book.end(unit, person.id)),
      async setPassword() {
        const { token } = await hub.login.createLink(person.id, 'invite')
        await hub.login.withLink({ token: token.reveal(), password, browser: null, presented: null })
      },
      byPassword: () => hub.login.withPassword({ username: 'lena', password, browser: null, presented: null }),
      async loginUntil(): Promise<string | null> {
        const answer = await hub.send('GET', '/api/user/me', { key: person.key })
        return (answer.json as { loginUntil: string | null }).loginUntil
      },
      /** What their key may use; a text where it may call nothing. */
      async serves(): Promise<string> {
        const { status, json, problem } = await hub.send('GET', '/api/servers', { key: person.key })
        if (status !== 200) return problem!.code
        return (json as { items: { name: string }[] }).items
          .map(({ name }) => name)
          .toSorted()
          .join()
      },
    }
  }

  test('groups that came by a claim end on the day they would have ended, however often one logs in by password', async () => {
    const { atProvider, setPassword, byPassword, loginUntil, serves } = await startHub()
    await setPassword()
    expect(await serves()).toBe('notes')
    const end = Date.now() + 3_000
    await atProvider(new Date(end - 30 * DAY_MS))
    await waitUntil(async () => (await serves()) === 'notes,wiki', 'by the claim', 2_500)
    await byPassword()
    expect(await loginUntil()).toBeNull()
    expect(await serves()).toBe('notes,wiki')
    await waitUntil(async () => (await serves()) === 'notes', 'its day', 10_000)
    expect(Date.now()).toBeGreaterThan(end - 500)
    await byPassword()
    expect(await serves()).toBe('notes')
    await atProvider()
    await waitUntil(async () => (await serves()) === 'notes,wiki', 'by the next login there', 5_000)
  })

  test('whom the provider logged out comes in by password without its groups', async () => {
    const { atProvider, loggedOutThere, setPassword, byPassword, loginUntil, serves } = await startHub()
    await setPassword()
    await atProvider()
    await waitUntil(async () => (await serves()) === 'notes,wiki', 'by the claim', 5_000)
    await loggedOutThere()
    await waitUntil(async () => (await serves()) === 'login_required', 'at once', 5_000)
    await byPassword()
    await waitUntil(async () => (await serves()) !== 'login_required', 'by the password', 5_000)
    expect([await serves(), await loginUntil()]).toEqual(['notes', null])
  })

  test('nor does a login at another provider bring back what the first one said', async () => {
    const { atProvider, loggedOutThere, loginUntil, serves } = await startHub()
    await atProvider()
    await atProvider(new Date(), groups('others'), 'https://other.example')
    await waitUntil(async () => (await serves()) === 'notes,wiki', 'a second one takes nothing away', 5_000)
    await loggedOutThere()
    await waitUntil(async () => (await serves()) === 'login_required', 'at once', 5_000)
    await atProvider(new Date(), groups('others'), 'https://other.example')
    await waitUntil(async () => (await serves()) !== 'login_required', 'by the other provider', 5_000)
    expect(await serves()).toBe('notes')
    expect(Date.parse((await loginUntil())!)).toBeGreaterThan(Date.now() + 29 * DAY_MS)
  })
})

test('REST by key is refused with the address, too, but for who one is; a console session goes on', async () => {
  const hub = await startRestHub()
  const { transactor, opened } = hub.world
  const store = createPgClaimsStore(opened.database)
  const book = createClaimsBook({ store, claimsDays: 30, loginDays: 30, localLogin: true })
  const person = await hub.addPerson('iris')
  await transactor.transaction((unit) => book.end(unit, person.id))
  const get = (path: string, auth: object) => hub.send('GET', path, auth)
  await waitUntil(async () => (await get('/api/servers', { key: person.key })).status === 403, 'at once', 5_000)
  for (const path of ['/api/servers', '/api/keys', '/api/tools']) {
    expect((await get(path, { key: person.key })).problem).toMatchObject({
      ...{ status: 403, code: 'login_required', data: { loginUrl: `${hub.url}/login` } },
    })
    expect((await get(path, { session: person.session })).status).toBe(200)
  }
  expect((await get('/api/user/me', { key: person.key })).json).toMatchObject({
    ...{ username: 'iris', loginUntil: expect.any(String) },
  })
  hub.records.length = 0
  expect((await hub.send('POST', '/api/keys', { key: person.key, body: { name: 'more' } })).status).toBe(403)
  expect(hub.records).toMatchObject([{ userId: person.id, outcome: 'refused', code: 'login_required', via: 'key' }])
  await hub.stop()
})
