// Rows and tombstones of MCP sessions on both stores, and between replicas.
import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { HUB, openFakeWorld, openPgWorld, WORLDS, type World } from '../../../../test/kit/worlds.ts'
import type { OpenedSession } from './sessions-store.ts'

const newId = (): string => randomBytes(12).toString('hex')
const makeSession = (userId: string, change: Partial<OpenedSession> = {}): OpenedSession => ({
  id: newId(),
  userId,
  keyId: randomUUID(),
  revision: '2025-11-25',
  clientName: 'cursor',
  clientVersion: '1.0',
  endpoint: '/mcp',
  openedAt: new Date(),
  ...change,
})
const inAnHour = (): Date => new Date(Date.now() + 3_600_000)

describe.each(WORLDS)('sessions $name', ({ open }) => {
  let world: World
  let count = 0
  beforeAll(async () => {
    world = await open()
    await world.sessions.start()
  })
  afterAll(() => world.close())
  const newUser = async (): Promise<string> => (await world.users.create(HUB, { username: `user-${++count}` })).id

  test('rows are listed at once, latest seen first, for one user or for all', async () => {
    const [alice, bob] = [await newUser(), await newUser()]
    const [a, b, c] = [makeSession(alice), makeSession(alice), makeSession(bob)]
    for (const session of [a, b, c]) world.sessions.opened(session)
    const seen = new Date(Date.now() + 5000)
    world.sessions.touched(a.id, seen)
    const rows = await world.sessions.list(alice)
    expect(rows).toEqual([
      { ...a, lastSeenAt: seen, endedAt: null },
      { ...b, lastSeenAt: b.openedAt, endedAt: null },
    ])
    world.sessions.touched(a.id, new Date(0))
    expect((await world.sessions.list(alice))[0]!.lastSeenAt).toEqual(seen)
    expect((await world.sessions.list(null)).map((row) => row.id)).toEqual(expect.arrayContaining([a.id, b.id, c.id]))
  })

  test('an ended session is ended for good, also one whose row was never written', async () => {
    const user = await newUser()
    const session = makeSession(user)
    world.sessions.opened(session)
    await world.sessions.end(session.id, user, inAnHour())
    expect(world.sessions.isEnded(session.id)).toBe(true)
    const first = (await world.sessions.list(user)).find((row) => row.id === session.id)
    expect(first!.endedAt).not.toBeNull()
    await world.sessions.end(session.id, user, inAnHour())
    const unknown = newId()
    await world.sessions.end(unknown, user, inAnHour())
    expect(world.sessions.isEnded(unknown)).toBe(true)
    expect(world.sessions.isEnded(newId())).toBe(false)
  })

  test('many ends at once, some of them twice, are all ended when their answer comes; another user cannot ride along', async () => {
    const [alice, bob] = [await newUser(), await newUser()]
    const kept = makeSession(bob)
    world.sessions.opened(kept)
    await world.sessions.flush()
    const ids = Array.from({ length: 250 }, newId)
    const ends = [...ids, ...ids.slice(0, 20)].map(async (id) => {
      await world.sessions.end(id, alice, inAnHour())
      expect(world.sessions.isEnded(id)).toBe(true)
    })
    await Promise.all([...ends, world.sessions.end(kept.id, alice, inAnHour())])
    expect(world.sessions.isEnded(kept.id)).toBe(false)
    const tombstones = new Set((await world.sessionsStore.listTombstones()).map(({ id }) => id))
    expect(ids.filter((id) => tombstones.has(id))).toHaveLength(250)
  })

  test('a session that ended before its row was written is listed as what it was; one that was never written is not', async () => {
    const user = await newUser()
    const session = makeSession(user)
    const never = newId()
    world.sessions.opened(session)
    await world.sessions.end(session.id, user, inAnHour())
    await world.sessions.end(never, user, inAnHour())
    const rows = await world.sessions.list(user)
    expect(rows).toEqual([{ ...session, lastSeenAt: expect.any(Date), endedAt: expect.any(Date) }])
    expect(world.sessions.isEnded(session.id)).toBe(true)
    expect(await world.sessions.find(session.id)).toEqual(rows[0])
    expect(await world.sessions.find(never)).toBeNull()
  })

  test('one that is older than all a list holds is found', async () => {
    const user = await newUser()
    const [old, ...newer] = Array.from({ length: 1001 }, (_, at) => makeSession(user, { openedAt: new Date(at) }))
    for (const session of [old!, ...newer]) world.sessions.opened(session)
    expect((await world.sessions.list(user)).map(({ id }) => id)).not.toContain(old!.id)
    expect(await world.sessions.find(old!.id)).toMatchObject({ id: old!.id, userId: user })
  })

  test('a tombstone of a time gone by counts no more', async () => {
    const user = await newUser()
    const id = newId()
    await world.sessions.end(id, user, new Date(Date.now() - 1))
    expect(world.sessions.isEnded(id)).toBe(false)
  })

  test('hostile client names are cut and stored; rows of erased users are left out without a fault', async () => {
    const [user, gone] = [await newUser(), await newUser()]
    world.sessions.opened(makeSession(user, { clientName: `a\0${'한'.repeat(500)}`, clientVersion: null }))
    world.sessions.opened(makeSession(gone))
    await world.users.erase(HUB, gone)
    const [row] = await world.sessions.list(user)
    expect(row!.clientName).toMatch(/^a한{127}$/)
    expect((await world.sessions.list(gone)).length).toBe(0)
  })
})

test('while the database is away rows wait, bounded, and are written when it is back', async () => {
  const world = openFakeWorld()
  const user = (await world.users.create(HUB, { username: 'alice' })).id
  world.fake.away = true
  for (let i = 0; i < 20_000; i++) world.sessions.opened(makeSession(user))
  await expect(world.sessions.flush()).rejects.toMatchObject({ code: 'database_unavailable' })
  await expect(world.sessions.end(newId(), user, inAnHour())).rejects.toMatchObject({ code: 'database_unavailable' })
  world.fake.away = false
  await world.sessions.flush()
  expect(await world.sessionsStore.list(user, 100_000)).toHaveLength(10_000)
})

test('an ended session is refused on another replica within a second, and after a restart', async () => {
  const world = await openPgWorld()
  const other = await world.replica()
  await other.sessions.start()
  const user = (await world.users.create(HUB, { username: 'alice' })).id
  const id = newId()
  await world.sessions.end(id, user, inAnHour())
  await waitUntil(() => other.sessions.isEnded(id), 'known there', 1000)
  const restarted = await world.replica()
  expect(restarted.sessions.isEnded(id)).toBe(false)
  await restarted.sessions.start()
  expect(restarted.sessions.isEnded(id)).toBe(true)
  await world.close()
})

test("another user's end of a session ends nothing", async () => {
  const world = await openPgWorld()
  const [alice, bob] = [
    (await world.users.create(HUB, { username: 'alice' })).id,
    (await world.users.create(HUB, { username: 'bob' })).id,
  ]
  const session = makeSession(alice)
  world.sessions.opened(session)
  await world.sessions.flush()
  await world.sessions.end(session.id, bob, inAnHour())
  expect((await world.sessions.list(alice))[0]!.endedAt).toBeNull()
  expect(world.sessions.isEnded(session.id)).toBe(false)
  await world.close()
})
