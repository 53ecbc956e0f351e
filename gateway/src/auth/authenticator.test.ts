// The key check against stores in memory: every bad key, the paths that must not touch the database, and time.
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { HUB, openFakeWorld, type FakeWorld } from '../../../test/kit/worlds.ts'
import type { User } from '../features/users/users-service.ts'
import { createAuthenticator, type KeyAuthenticator } from './authenticator.ts'
import type { PresentedKey, Revocation } from './principal.ts'

let world: FakeWorld
let alice: User
let key: string
let keyId: string
let looks: number
let now: number
let auth: KeyAuthenticator
let revoked: Revocation[]

const bearer = (text: string): PresentedKey => ({ query: null, bearer: text })
const ask = async (presented: PresentedKey): Promise<unknown> => auth.authenticate(presented)

function makeAuthenticator(options: { outliveMs?: number; maxRefused?: number } = {}): KeyAuthenticator {
  const { identities } = world
  const store = {
    ...identities,
    findValid: (hashes: readonly string[]) => {
      looks++
      return identities.findValid(hashes)
    },
  }
  const made = createAuthenticator({ store, changes: world.changes, now: () => now, ...options })
  made.onRevoked((revocation) => revoked.push(revocation))
  return made
}

beforeEach(async () => {
  world = openFakeWorld()
  now = Date.now()
  looks = 0
  revoked = []
  alice = await world.users.create(HUB, { username: 'alice' })
  const made = await world.keys.create(alice.id, { name: 'k', scope: { servers: ['memory'] } })
  key = made.secret.reveal()
  keyId = made.key.id
  auth = makeAuthenticator()
})

describe('a good key', () => {
  test('is known without the database from the second time on, and the principal stays one object', async () => {
    const first = await auth.authenticate(bearer(key))
    expect(first).toEqual({
      userId: alice.id,
      username: 'alice',
      role: 'member',
      keyId,
      scope: { servers: ['memory'] },
      claims: [],
      loginUntil: null,
      via: 'key',
    })
    for (const presented of [bearer(key), { query: key, bearer: null }, { query: key, bearer: key }])
      expect(auth.authenticate(presented)).toBe(first)
    expect(looks).toBe(1)
    expect(auth.isLive(first)).toBe(true)
  })

  test('a change of somebody else leaves the object as it is; a change of role makes a new one', async () => {
    const first = await auth.authenticate(bearer(key))
    await world.users.create(HUB, { username: 'bob' })
    expect(auth.authenticate(bearer(key))).toBe(first)
    await world.users.promote(HUB, alice.id)
    const second = await auth.authenticate(bearer(key))
    expect(second).toMatchObject({ role: 'admin', userId: alice.id })
    expect(auth.isLive(first)).toBe(true)
    expect(revoked).toEqual([])
  })

  test('its last use is written in a batch, and tried again when the database was away', async () => {
    await auth.authenticate(bearer(key))
    world.fake.away = true
    await auth.stop()
    world.fake.away = false
    await auth.stop()
    expect((await world.keys.list(alice.id))[0]!.lastUsedAt).toEqual(new Date(now))
    expect((await world.users.find(alice.id)).lastSeenAt).toBeDefined()
  })
})

describe('ID-1: bad keys', () => {
  const other = `mcphub_${'0'.repeat(64)}`
  const cases: readonly [string, () => PresentedKey][] = [
    ['none', () => ({ query: null, bearer: null })],
    ['empty', () => ({ query: '', bearer: '' })],
    ['garbage', () => bearer('garbage')],
    ['another shape', () => bearer('ghp_0123456789')],
    ['unknown', () => bearer(other)],
    ['upper case', () => bearer(key.toUpperCase())],
    ['cut', () => bearer(key.slice(0, -1))],
    ['with more', () => bearer(`${key}0`)],
    ['with a line break', () => bearer(`${key}\n`)],
    ['with a space', () => bearer(` ${key}`)],
    ['two that differ, one of them good', () => ({ query: key, bearer: other })],
    ['two that differ, the other good', () => ({ query: other, bearer: key })],
    ['good beside an empty one', () => ({ query: '', bearer: key })],
    ['huge', () => bearer(key.repeat(10_000))],
    ['a name of a prototype', () => bearer('__proto__')],
  ]
  test.each(cases)('ID-1: %s is unauthenticated with the one text', async (_, build) => {
    const text = 'Not authenticated: present a valid hub key as Authorization: Bearer'
    for (let i = 0; i < 2; i++)
      await expect(ask(build())).rejects.toMatchObject({ code: 'unauthenticated', message: text, details: {} })
    expect(auth.counts().known).toBe(0)
  })

  test('ID-1: revoked, expired, deactivated and deleted answer the same, and malformed keys the same while the database is away', async () => {
    const expiring = await world.keys.create(alice.id, { name: 'e', expiresAt: new Date(now + 60_000) })
    await auth.authenticate(bearer(expiring.secret.reveal()))
    now += 61_000
    await expect(ask(bearer(expiring.secret.reveal()))).rejects.toMatchObject({ code: 'unauthenticated' })
    await world.keys.revoke(alice.id, keyId)
    await expect(ask(bearer(key))).rejects.toMatchObject({ code: 'unauthenticated' })
    world.fake.away = true
    await expect(ask(bearer('garbage-2'))).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(ask({ query: key, bearer: other })).rejects.toMatchObject({ code: 'unauthenticated' })
    await expect(ask(bearer(other))).rejects.toMatchObject({ code: 'database_unavailable' })
  })

  test('ID-1: unknown and malformed keys take the same way: one look each, then none', async () => {
    for (const text of [other, 'garbage', `${key}x`]) {
      const before = looks
      for (let i = 0; i < 3; i++) await ask(bearer(text)).catch(() => undefined)
      expect(looks - before).toBe(1)
    }
  })
})

describe('ID-4: what ended is refused', () => {
  test('ID-4: a revoked key ends at once and is told, another key of the user lives', async () => {
    const second = await world.keys.create(alice.id, { name: 'second' })
    const [a, b] = [await auth.authenticate(bearer(key)), await auth.authenticate(bearer(second.secret.reveal()))]
    await world.keys.revoke(alice.id, keyId)
    await vi.waitFor(() => expect(revoked).toEqual([{ userId: alice.id, keyId }]))
    expect(auth.isLive(a)).toBe(false)
    expect(auth.isLive(b)).toBe(true)
    await expect(ask(bearer(key))).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('ID-4: a deactivated user loses all keys, and an activated one has them again although they were refused', async () => {
    const principal = await auth.authenticate(bearer(key))
    await world.users.deactivate(HUB, alice.id)
    await vi.waitFor(() => expect(auth.isLive(principal)).toBe(false))
    await expect(ask(bearer(key))).rejects.toMatchObject({ code: 'unauthenticated' })
    await world.users.activate(HUB, alice.id)
    expect(await auth.authenticate(bearer(key))).toMatchObject({ userId: alice.id })
  })

  test('ID-4: an identity that is in doubt while the database is gone fails closed', async () => {
    const principal = await auth.authenticate(bearer(key))
    world.fake.away = true
    world.fake.deliver('identity', new Set([alice.id]))
    await expect(ask(bearer(key))).rejects.toMatchObject({ code: 'database_unavailable' })
    now += 5_001
    expect(auth.isLive(principal)).toBe(false)
  })

  test('a lookup that began before a revocation does not keep the key alive', async () => {
    const { identities } = world
    const gate = Promise.withResolvers<void>()
    let first = true
    const slow = createAuthenticator({
      changes: world.changes,
      store: {
        ...identities,
        findValid: async (hashes) => {
          const found = await identities.findValid(hashes)
          if (first) {
            first = false
            await gate.promise
          }
          return found
        },
      },
    })
    const asked = Promise.resolve(slow.authenticate(bearer(key)))
    await vi.waitFor(() => expect(first).toBe(false))
    await world.keys.revoke(alice.id, keyId)
    gate.resolve()
    await asked.catch(() => undefined)
    await vi.waitFor(async () => {
      await expect(Promise.resolve().then(() => slow.authenticate(bearer(key)))).rejects.toMatchObject({
        code: 'unauthenticated',
      })
    })
  })
})

describe('GW-3: a dead database', () => {
  test('GW-3: known identities outlive it for their time, then say so with Retry-After', async () => {
    const principal = await auth.authenticate(bearer(key))
    world.fake.seenAt = now
    world.fake.away = true
    now += 89_999
    expect(auth.authenticate(bearer(key))).toBe(principal)
    expect(auth.isLive(principal)).toBe(true)
    now += 2
    await expect(ask(bearer(key))).rejects.toMatchObject({
      code: 'database_unavailable',
      details: { retryAfterSeconds: 5 },
    })
    expect(auth.isLive(principal)).toBe(false)
    world.fake.away = false
    world.fake.seenAt = now
    expect(auth.authenticate(bearer(key))).toBe(principal)
  })

  test('GW-3: an answer that never comes is database_unavailable after 3 s, for everybody who waits', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const store = { ...world.identities, findValid: () => new Promise<never>(() => undefined) }
    auth = createAuthenticator({ store, changes: world.changes })
    const asked = [key, key, `mcphub_${'1'.repeat(64)}`].map((text) =>
      ask(bearer(text)).catch((thrown: unknown) => thrown),
    )
    await vi.advanceTimersByTimeAsync(0)
    await new Promise(setImmediate)
    await vi.advanceTimersByTimeAsync(3_000)
    for (const thrown of await Promise.all(asked)) expect(thrown).toMatchObject({ code: 'database_unavailable' })
    vi.useRealTimers()
  })

  test('GW-3: 0 = fail closed from the first failed look on', async () => {
    auth = makeAuthenticator({ outliveMs: 0 })
    const principal = await auth.authenticate(bearer(key))
    world.fake.seenAt = now
    now += 2_000
    expect(auth.authenticate(bearer(key))).toBe(principal)
    world.fake.away = true
    await expect(ask(bearer(key))).rejects.toMatchObject({ code: 'database_unavailable' })
  })
})

describe('ID-8: floods', () => {
  test('ID-8: 10 000 bad keys at once cost few looks and a bounded memory, and a good key still works', async () => {
    auth = makeAuthenticator({ maxRefused: 1_000 })
    const bad = Array.from({ length: 10_000 }, (_, i) => bearer(`mcphub_${i.toString(16).padStart(64, '0')}`))
    const answers = bad.map((presented) => ask(presented).catch((thrown: { code: string }) => thrown.code))
    const good = ask(bearer(key)).catch((thrown: { code: string }) => thrown.code)
    const codes = await Promise.all(answers)
    expect(new Set(codes)).toEqual(new Set(['unauthenticated', 'too_many_requests']))
    expect(looks).toBeLessThan(50)
    expect(auth.counts()).toMatchObject({ refused: 1_000, waiting: 0 })
    await good
    expect(await ask(bearer(key))).toMatchObject({ userId: alice.id })
  })
})
