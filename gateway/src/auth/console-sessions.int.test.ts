// Console sessions in memory and on PostgreSQL: how they end, and that an end holds on every replica with the notify channel cut.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { waitUntil } from '../../../test/kit/wait-until.ts'
import { HUB, WORLDS, openFakeWorld, openPgWorld, type PgWorld, type World } from '../../../test/kit/worlds.ts'
import { CONSOLE_SESSIONS, createAuthenticator, type KeyAuthenticator } from './authenticator.ts'
import { type ConsoleSessions, type CreatedSession, createConsoleSessions } from './console-sessions.ts'
import type { Principal, Revocation } from './principal.ts'

const HOUR = 3_600_000
const facts = (userId: string, more: object = {}) => ({
  ...{ userId, method: 'password' as const, provider: null, providerSid: null, browser: 'Firefox', presented: null },
  ...more,
})
const begin = (world: World, userId: string, more: object = {}, sessions: ConsoleSessions = world.consoleSessions) =>
  world.transactor.transaction((unit) => sessions.create(unit, facts(userId, more)))
const authenticatorOf = (world: World): KeyAuthenticator =>
  createAuthenticator({ store: world.sessionStore, changes: world.changes, kind: CONSOLE_SESSIONS })
const codeOf = async (auth: KeyAuthenticator, { token }: CreatedSession): Promise<string> => {
  try {
    await auth.authenticate({ query: null, bearer: token.reveal() })
    return 'ok'
  } catch (thrown) {
    return (thrown as { code: string }).code
  }
}

const countWaiting = ({ opened }: PgWorld): Promise<number> =>
  opened.database.run(null, async (manager) => {
    const rows: { count: number }[] = await manager.query('SELECT count(*)::integer FROM pg_locks WHERE NOT granted')
    return rows[0]!.count
  })

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World
  let auth: KeyAuthenticator
  let count = 0
  beforeAll(async () => {
    world = await open()
    auth = authenticatorOf(world)
  })
  afterAll(async () => {
    await auth.stop()
    await world.close()
  })
  const makeUser = () => world.users.create(HUB, { username: `user-${count++}` })

  test('a token is a principal of the console, and is kept nowhere', async () => {
    const user = await makeUser()
    const created = await begin(world, user.id, { browser: 'x'.repeat(400) })
    expect(created.token.reveal()).toMatch(/^mcphub_session_[0-9a-f]{64}$/)
    expect(await auth.authenticate({ query: null, bearer: created.token.reveal() })).toEqual({
      ...{ userId: user.id, username: user.username, role: 'member', via: 'console', keyId: created.session.id },
      ...{ scope: { servers: null }, claims: [], loginUntil: null },
    })
    const [listed] = await world.consoleSessions.list(user.id)
    expect(listed).toMatchObject({ id: created.session.id, method: 'password', provider: null })
    expect(listed!.browser).toHaveLength(256)
    expect(JSON.stringify(listed)).not.toContain(created.token.reveal().slice(20))
    expect(listed!.expiresAt.getTime() - Date.now()).toBeGreaterThan(6 * 24 * HOUR)
    expect(listed!.idleUntil.getTime() - Date.now()).toBeLessThanOrEqual(12 * HOUR)
  })

  test.each([
    ['idle', { idleMs: 300, maxMs: HOUR }],
    ['at its absolute end', { idleMs: HOUR, maxMs: 300 }],
  ])('CON-5: a session ends %s', async (_, times) => {
    const short = createConsoleSessions({
      ...{ store: world.sessionStore, links: world.loginStore, transactor: world.transactor, ...times },
    })
    const user = await makeUser()
    const created = await begin(world, user.id, {}, short)
    expect(await codeOf(auth, created)).toBe('ok')
    await waitUntil(async () => (await codeOf(auth, created)) === 'unauthenticated', 'it ran out', 3000)
    expect(await world.consoleSessions.list(user.id)).toEqual([])
  })

  test('use moves the idle end, at most once a minute and never beyond the absolute one', async () => {
    const user = await makeUser()
    const { session } = await begin(world, user.id)
    const use = async (after: number) => {
      await world.sessionStore.recordUses([{ keyId: session.id, at: new Date(session.createdAt.getTime() + after) }])
      const [now] = await world.consoleSessions.list(user.id)
      return [now!.lastSeenAt, now!.idleUntil].map((at) => at.getTime() - session.createdAt.getTime())
    }
    expect((await use(59_000))[0]).toBe(0)
    expect(await use(61_000)).toEqual([61_000, 61_000 + 12 * HOUR])
    const absolute = session.expiresAt.getTime() - session.createdAt.getTime()
    expect((await use(absolute - HOUR))[1]).toBe(absolute)
  })

  test('one ends, all others end, a foreign one is not found', async () => {
    const [one, two] = [await makeUser(), await makeUser()]
    const mine = [await begin(world, one.id), await begin(world, one.id), await begin(world, one.id)]
    const theirs = await begin(world, two.id)
    for (const created of [...mine, theirs]) expect(await codeOf(auth, created)).toBe('ok')
    await expect(world.consoleSessions.end(one.id, theirs.session.id)).rejects.toMatchObject({ code: 'not_found' })
    await world.consoleSessions.end(one.id, mine[0]!.session.id)
    expect((await world.consoleSessions.list(one.id)).map(({ id }) => id)).toEqual([
      mine[2]!.session.id,
      mine[1]!.session.id,
    ])
    await world.consoleSessions.endAll(one.id, mine[2]!.session.id)
    const codes = await Promise.all([...mine, theirs].map((created) => codeOf(auth, created)))
    expect(codes).toEqual(['unauthenticated', 'unauthenticated', 'ok', 'ok'])
  })

  test('of more than fifty the oldest ends', async () => {
    const user = await makeUser()
    const first = await begin(world, user.id)
    for (let i = 0; i < 50; i++) await begin(world, user.id)
    expect(await world.consoleSessions.list(user.id)).toHaveLength(50)
    expect(await codeOf(auth, first)).toBe('unauthenticated')
  })

  test('what a provider ends: by its own name of the session, or all of a person that began there', async () => {
    const user = await makeUser()
    const at = (provider: string, providerSid: string | null) => ({ method: 'provider', provider, providerSid })
    const local = await begin(world, user.id)
    const a = await begin(world, user.id, at('https://idp', 'sid-1'))
    const b = await begin(world, user.id, at('https://idp', 'sid-2'))
    const other = await begin(world, user.id, at('https://other', 'sid-1'))
    const end = (which: { sid: string } | { userId: string }): Promise<number> =>
      world.transactor.transaction((unit) => world.consoleSessions.endOfProviderIn(unit, 'https://idp', which))
    expect(await end({ sid: 'unknown' })).toBe(0)
    expect(await end({ sid: 'sid-1' })).toBe(1)
    expect(await codeOf(auth, a)).toBe('unauthenticated')
    expect(await end({ userId: user.id })).toBe(1)
    const codes = await Promise.all([b, other, local].map((created) => codeOf(auth, created)))
    expect(codes).toEqual(['unauthenticated', 'ok', 'ok'])
  })

  test.each(['promote', 'demote', 'deactivate', 'remove', 'erase'] as const)(
    'CON-5: %s ends all sessions for good',
    async (act) => {
      const user = await world.users.create(HUB, {
        username: `u-${act}`,
        role: act === 'demote' ? 'auditor' : 'member',
      })
      const created = await begin(world, user.id)
      expect(await codeOf(auth, created)).toBe('ok')
      await world.users[act](HUB, user.id)
      await waitUntil(async () => (await codeOf(auth, created)) === 'unauthenticated', 'it ended', 5000)
      if (act === 'deactivate') await world.users.activate(HUB, user.id)
      if (act === 'remove') await world.users.restore(HUB, user.id)
      expect(await codeOf(auth, created)).toBe('unauthenticated')
    },
  )

  test('a session that its transaction takes back never was', async () => {
    const user = await makeUser()
    let token = ''
    await expect(
      world.transactor.transaction(async (unit) => {
        token = (await world.consoleSessions.create(unit, facts(user.id))).token.reveal()
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(await world.consoleSessions.list(user.id)).toEqual([])
    await expect((async () => auth.authenticate({ query: null, bearer: token }))()).rejects.toMatchObject({
      code: 'unauthenticated',
    })
  })
})

test('CON-5: a link that is redeemed at the very moment all sessions end leaves no session behind', async () => {
  const world = await openPgWorld()
  const user = await world.users.create(HUB, { username: 'alice' })
  const link = {
    sha256: randomBytes(32),
    userId: user.id,
    purpose: 'invite',
    expiresAt: new Date(Date.now() + HOUR),
  } as const
  await world.transactor.transaction((unit) => world.loginStore.putLink(unit, link))
  let ended: Promise<void> = Promise.resolve()
  await world.transactor.transaction(async (unit) => {
    expect(await world.loginStore.takeLink(unit, link.sha256)).not.toBeNull()
    ended = world.consoleSessions.endAll(user.id)
    await waitUntil(async () => (await countWaiting(world)) > 0, 'the end waits for the link')
    await world.consoleSessions.create(unit, facts(user.id, { method: 'link' }))
  })
  await ended
  expect(await world.consoleSessions.list(user.id)).toEqual([])
  await world.close()
})

test('a hub key is no session, a session no key', async () => {
  const world = openFakeWorld()
  const user = await world.users.create(HUB, { username: 'alice' })
  const { secret } = await world.keys.create(user.id, { name: 'k' })
  const { token } = await begin(world, user.id)
  const keys = createAuthenticator({ store: world.identities, changes: world.changes })
  const ask = async (auth: KeyAuthenticator, bearer: string) => auth.authenticate({ query: null, bearer })
  await expect(ask(authenticatorOf(world), secret.reveal())).rejects.toMatchObject({ code: 'unauthenticated' })
  await expect(ask(keys, token.reveal())).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('GW-3: a known session outlives a dead database as long as a known key does', async () => {
  const world = openFakeWorld()
  let now = Date.now()
  const { sessionStore: store, changes } = world
  const auth = createAuthenticator({ store, changes, kind: CONSOLE_SESSIONS, now: () => now })
  const created = await begin(world, (await world.users.create(HUB, { username: 'alice' })).id)
  expect(await codeOf(auth, created)).toBe('ok')
  world.fake.seenAt = now
  world.fake.away = true
  now += 89_000
  expect(await codeOf(auth, created)).toBe('ok')
  now += 2_000
  expect(await codeOf(auth, created)).toBe('database_unavailable')
})

describe('two replicas, notify cut', () => {
  let world: PgWorld
  let replicas: { world: World; auth: KeyAuthenticator; revoked: Revocation[] }[]
  beforeAll(async () => {
    world = await openPgWorld()
    replicas = [await world.replica(), await world.replica()].map((other) => {
      const auth = authenticatorOf(other)
      const revoked: Revocation[] = []
      auth.onRevoked((revocation) => revoked.push(revocation))
      auth.start()
      return { world: other, auth, revoked }
    })
  })
  afterAll(async () => {
    for (const { auth } of replicas) await auth.stop()
    await world.close()
  })

  const ACTS: Readonly<Record<string, (user: { id: string }, session: CreatedSession) => Promise<unknown>>> = {
    'a log-out': (user, { session }) => replicas[0]!.world.consoleSessions.end(user.id, session.id),
    'a change of role': (user) => replicas[0]!.world.users.setRole(HUB, user.id, 'auditor'),
    'a deactivation': (user) => replicas[0]!.world.users.deactivate(HUB, user.id),
  }

  test.each(Object.keys(ACTS))('CON-5: ID-4: %s on one replica ends the session on both within 5 s', async (name) => {
    const user = await world.users.create(HUB, { username: `cut ${name}`.replaceAll(' ', '-') })
    const created = await begin(world, user.id)
    const principals: Principal[] = []
    for (const { auth } of replicas)
      principals.push(await auth.authenticate({ query: null, bearer: created.token.reveal() }))
    await ACTS[name]!(user, created)
    for (const [i, { auth, revoked }] of replicas.entries()) {
      await waitUntil(() => !auth.isLive(principals[i]!), 'streams may see it', 5000)
      expect(await codeOf(auth, created)).toBe('unauthenticated')
      expect(revoked).toContainEqual({ userId: user.id, keyId: created.session.id })
    }
  })
})
