// The key check on PostgreSQL with two replicas: revocation in time with the notify channel cut, a database that dies and comes back.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type OwnPostgres } from '../../../test/kit/postgres.ts'
import { waitUntil } from '../../../test/kit/wait-until.ts'
import { HUB, openPgWorld, type PgWorld, type World } from '../../../test/kit/worlds.ts'
import { openDatabase, type Database } from '../db/database.ts'
import { migrateUp } from '../db/migrate.ts'
import { createAuthenticator, type KeyAuthenticator } from './authenticator.ts'
import { createPgIdentityStore } from './pg-identity-store.ts'
import type { Principal, Revocation } from './principal.ts'
import { createHubKey, hashToken } from './tokens.ts'

const codeOf = async (auth: KeyAuthenticator, key: string): Promise<string> => {
  try {
    await auth.authenticate({ query: null, bearer: key })
    return 'ok'
  } catch (thrown) {
    return (thrown as { code: string }).code
  }
}

describe('two replicas, notify cut', () => {
  let world: PgWorld
  let replicas: { auth: KeyAuthenticator; revoked: Revocation[] }[]

  beforeAll(async () => {
    world = await openPgWorld()
    const others: World[] = [await world.replica(), await world.replica()]
    replicas = others.map((other) => {
      const auth = createAuthenticator({ store: other.identities, changes: other.changes })
      const revoked: Revocation[] = []
      auth.onRevoked((revocation) => revoked.push(revocation))
      auth.start()
      return { auth, revoked }
    })
  })
  afterAll(async () => {
    for (const { auth } of replicas) await auth.stop()
    await world.close()
  })

  async function signIn(username: string) {
    const user = await world.users.create(HUB, { username })
    const { key, secret } = await world.keys.create(user.id, { name: 'k' })
    const principals: Principal[] = []
    for (const { auth } of replicas) principals.push(await auth.authenticate({ query: secret.reveal(), bearer: null }))
    return { user, key, text: secret.reveal(), principals }
  }

  async function expectEnded(who: Awaited<ReturnType<typeof signIn>>): Promise<void> {
    for (const [i, { auth, revoked }] of replicas.entries()) {
      await waitUntil(() => !auth.isLive(who.principals[i]!), 'streams may see it', 5000)
      expect(await codeOf(auth, who.text)).toBe('unauthenticated')
      expect(revoked).toContainEqual({ userId: who.user.id, keyId: who.key.id })
    }
  }

  test('ID-4: a revoked key ends on both replicas within 5 s', async () => {
    const who = await signIn('revoked')
    await world.keys.revoke(who.user.id, who.key.id)
    await expectEnded(who)
  })

  test.each(['deactivate', 'remove', 'erase'] as const)(
    'ID-4: %s ends a user on both replicas within 5 s',
    async (act) => {
      const who = await signIn(`user-${act}`)
      await world.users[act](HUB, who.user.id)
      await expectEnded(who)
    },
  )

  test('ID-4: a key that ran out ends without any change', async () => {
    const user = await world.users.create(HUB, { username: 'runs-out' })
    const expiresAt = new Date(Date.now() + 1_500)
    const { key, secret } = await world.keys.create(user.id, { name: 'k', expiresAt })
    const { auth, revoked } = replicas[0]!
    const principal = await auth.authenticate({ query: secret.reveal(), bearer: null })
    await waitUntil(() => revoked.some((revocation) => revocation.keyId === key.id), 'told', 5000)
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt.getTime())
    expect(auth.isLive(principal)).toBe(false)
  })

  test('the last use reaches the lists', async () => {
    const who = await signIn('used')
    const other = await world.replica()
    const auth = createAuthenticator({ store: other.identities, changes: other.changes })
    await auth.authenticate({ query: null, bearer: who.text })
    await auth.stop()
    expect((await world.keys.list(who.user.id))[0]!.lastUsedAt).not.toBeNull()
    expect((await world.users.find('used')).lastSeenAt).not.toBeNull()
  })
})

describe('GW-3: the database dies', () => {
  let postgres: OwnPostgres
  let database: Database
  let auth: KeyAuthenticator
  const known = createHubKey()
  const unseen = createHubKey()

  beforeAll(async () => {
    postgres = await startPostgres()
    await migrateUp({ url: postgres.databaseUrl })
    database = await openDatabase({ url: postgres.databaseUrl, statementTimeoutMs: 1000, connectTimeoutMs: 2000 })
    await database.run(null, (m) => m.query(`INSERT INTO users (username, role) VALUES ('alice', 'member')`))
    for (const key of [known, unseen])
      await database.run(null, (m) =>
        m.query(
          `INSERT INTO keys (user_id, name, sha256, last4, scope) SELECT id, 'k', $1, $2, '{"servers":null}' FROM users`,
          [hashToken(key), key.slice(-4)],
        ),
      )
    auth = createAuthenticator({ store: createPgIdentityStore(database), changes: database.changes, outliveMs: 4_000 })
    auth.start()
  })
  afterAll(async () => {
    await auth.stop()
    await database.close()
    await postgres.remove()
  })

  test('GW-3: known keys go on for their time, unknown ones and later all are 503 at once; back within 5 s', async () => {
    expect(await codeOf(auth, known)).toBe('ok')
    process.kill(postgres.process.pid, 'SIGKILL')
    await postgres.exited
    expect(await codeOf(auth, known)).toBe('ok')
    await waitUntil(() => !database.changes.freshness().ok, 'the feed notices', 5000)
    const start = performance.now()
    expect(await codeOf(auth, unseen)).toBe('database_unavailable')
    expect(await codeOf(auth, 'garbage')).toBe('unauthenticated')
    expect(performance.now() - start).toBeLessThan(1000)
    await waitUntil(async () => (await codeOf(auth, known)) === 'database_unavailable', 'its time runs out', 6000)
    postgres = await startPostgres({ folder: postgres.folder })
    const took = await waitUntil(async () => (await codeOf(auth, known)) === 'ok', 'back', 5000)
    expect(took).toBeLessThan(5000)
    expect(await codeOf(auth, unseen)).toBe('ok')
  })
})
