// The keys service on both stores, and what lies in the database.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HUB, openPgWorld, WORLDS, type World } from '../../../../test/kit/worlds.ts'
import type { User } from '../users/users-service.ts'

describe.each(WORLDS)('keys $name', ({ open }) => {
  let world: World
  let alice: User
  let bob: User
  beforeAll(async () => {
    world = await open()
    alice = await world.users.create(HUB, { username: 'alice' })
    bob = await world.users.create(HUB, { username: 'bob' })
  })
  afterAll(() => world.close())

  test('ID-2: the full key leaves once; afterwards at most its last four characters', async () => {
    const { key, secret } = await world.keys.create(alice.id, { name: '노트북 😀' })
    expect(secret.reveal()).toMatch(/^mcphub_[0-9a-f]{64}$/)
    expect(key.last4).toBe(secret.reveal().slice(-4))
    const listed = JSON.stringify(await world.keys.list(alice.id))
    expect(listed).toContain('노트북 😀')
    expect(listed).not.toContain(secret.reveal().slice(7, 15))
    expect(JSON.stringify({ key, secret })).not.toContain(secret.reveal().slice(7, 15))
  })

  test('scope and expiry are kept, wrong ones refused', async () => {
    const expiresAt = new Date(Date.now() + 60_000)
    const { key } = await world.keys.create(bob.id, { name: 'ci', scope: { servers: ['everything'] }, expiresAt })
    expect(key).toMatchObject({ scope: { servers: ['everything'] }, expiresAt })
    const wrong = [
      { name: '' },
      { name: 'a\0b' },
      { name: 'a\nb' },
      { name: 'x'.repeat(65) },
      { name: 'ok', scope: { servers: ['Not A Server'] } },
      { name: 'ok', scope: { servers: [] } },
      { name: 'ok', expiresAt: new Date(Date.now() - 1) },
      { name: 'ok', expiresAt: new Date(Number.NaN) },
    ]
    for (const input of wrong)
      await expect(world.keys.create(bob.id, input)).rejects.toMatchObject({ code: 'invalid_params' })
  })

  test('a key for a group of one’s own keeps the group, and no server for who knows nothing of groups', async () => {
    const group = await world.groups.create(alice.id, { name: 'work', servers: ['memory'] })
    const { key } = await world.keys.create(alice.id, { name: 'g', scope: { servers: null, groupId: group.id } })
    expect(key.scope).toEqual({ servers: [], groupId: group.id })
    expect((await world.keys.list(alice.id))[0]?.scope).toEqual({ servers: [], groupId: group.id })
    const wrong = [
      [bob.id, { servers: null, groupId: group.id }],
      [alice.id, { servers: null, groupId: '00000000-0000-4000-8000-000000000000' }],
      [alice.id, { servers: null, groupId: 'work' }],
      [alice.id, { servers: ['memory'], groupId: group.id }],
    ] as const
    for (const [userId, scope] of wrong) {
      await expect(world.keys.create(userId, { name: 'g', scope })).rejects.toMatchObject({
        code: 'invalid_params',
        details: { faults: [{ field: 'scope.groupId' }] },
      })
    }
    await world.keys.revoke(alice.id, key.id)
  })

  test('a key of another user is not_found, a revocation is kept and idempotent', async () => {
    const { key } = await world.keys.create(bob.id, { name: 'mine' })
    for (const id of [key.id, 'rubbish', '\0'])
      await expect(world.keys.revoke(alice.id, id)).rejects.toMatchObject({ code: 'not_found' })
    const first = await world.keys.revoke(bob.id, key.id)
    expect(first.revokedAt).not.toBeNull()
    expect((await world.keys.revoke(bob.id, key.id)).revokedAt).toEqual(first.revokedAt)
  })

  test('live keys are limited; revoked ones do not count; nobody without a row gets one', async () => {
    const carol = await world.users.create(HUB, { username: 'carol' })
    const made = []
    for (let i = 0; i < 5; i++) made.push(await world.keys.create(carol.id, { name: `k${i}` }))
    await expect(world.keys.create(carol.id, { name: 'more' })).rejects.toMatchObject({ code: 'limit_exceeded' })
    await world.keys.revoke(carol.id, made[0]!.key.id)
    await world.keys.create(carol.id, { name: 'more' })
    await world.users.erase(HUB, carol.id)
    await expect(world.keys.create(carol.id, { name: 'ghost' })).rejects.toMatchObject({ code: 'not_found' })
  })
})

test('ID-2: a dump of the database holds no key, only hashes', async () => {
  const world = await openPgWorld()
  const user = await world.users.create(HUB, { username: 'dumped' })
  const { secret } = await world.keys.create(user.id, { name: 'k' })
  const setup = await world.users.createSetupToken()
  const tables: { name: string }[] = await world.opened.database.run(null, (m) =>
    m.query(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`),
  )
  for (const { name } of tables) {
    const rows = await world.opened.database.run(null, (m) => m.query(`SELECT * FROM ${name}`))
    const dump = JSON.stringify(rows, (_, value: unknown) =>
      Buffer.isBuffer(value) ? `${value.toString('latin1')}${value.toString('hex')}` : value,
    )
    for (const text of [secret.reveal(), setup!.token.reveal()]) {
      const random = text.slice(text.lastIndexOf('_') + 1)
      for (let at = 0; at + 8 <= random.length - 4; at += 4) expect(dump).not.toContain(random.slice(at, at + 8))
    }
  }
  await world.close()
})
