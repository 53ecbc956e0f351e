// The store contract of logging in: in memory and on PostgreSQL.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HUB, WORLDS, openPgWorld, type World } from '../../../../test/kit/worlds.ts'
import type { LoginStore } from './login-store.ts'

const HOUR = 3_600_000

describe.each(WORLDS)('$name', ({ open }) => {
  let world: World
  let store: LoginStore
  let count = 0
  beforeAll(async () => {
    world = await open()
    store = world.loginStore
  })
  afterAll(() => world.close())
  const makeUser = () => world.users.create(HUB, { username: `user-${count++}` })
  const inUnit = <T>(work: (unit: Parameters<LoginStore['putPassword']>[0]) => Promise<T>) =>
    world.transactor.transaction(work)

  test('a password is replaced, read and locked; of whoever may not come in nothing is found', async () => {
    const user = await makeUser()
    expect(await store.findAccount(user.username)).toEqual({ userId: user.id, username: user.username, phc: null })
    expect(await store.readPassword(user.id)).toBeNull()
    for (const phc of ['one', 'two']) await inUnit((unit) => store.putPassword(unit, user.id, phc))
    expect((await store.findAccount(user.username))?.phc).toBe('two')
    expect(await store.readPassword(user.id)).toBe('two')
    expect(await inUnit((unit) => store.lockPassword(unit, user.id))).toBe('two')
    expect(await store.findAccount('nobody')).toBeNull()
    await world.users.deactivate(HUB, user.id)
    expect(await store.findAccount(user.username)).toBeNull()
    await world.users.activate(HUB, user.id)
    await world.users.remove(HUB, user.id)
    expect(await store.findAccount(user.username)).toBeNull()
  })

  test('a link works once and in time, for somebody who may come in; a new one replaces the old', async () => {
    const user = await makeUser()
    const put = async (more: object = {}) => {
      const sha256 = randomBytes(32)
      const link = { sha256, userId: user.id, purpose: 'invite' as const, expiresAt: new Date(Date.now() + HOUR) }
      await inUnit((unit) => store.putLink(unit, { ...link, ...more }))
      return sha256
    }
    const found = { userId: user.id, username: user.username, purpose: 'invite' }
    const old = await put()
    const fresh = await put()
    const demo = await put({ purpose: 'demo' })
    expect(await store.findLink(old)).toBeNull()
    expect(await store.findLink(fresh)).toEqual(found)
    const taken = await Promise.all([1, 2, 3].map(() => inUnit((unit) => store.takeLink(unit, fresh))))
    expect(taken.filter((one) => one !== null)).toEqual([found])
    expect(await store.findLink(fresh)).toBeNull()
    expect(await store.findLink(demo)).toMatchObject({ purpose: 'demo' })
    expect(await store.findLink(await put({ expiresAt: new Date(Date.now() - 1) }))).toBeNull()
    const waiting = await put()
    await world.users.deactivate(HUB, user.id)
    expect(await store.findLink(waiting)).toBeNull()
    expect(await inUnit((unit) => store.takeLink(unit, waiting))).toBeNull()
  })

  test('what a unit takes back did not happen', async () => {
    const user = await makeUser()
    const sha256 = randomBytes(32)
    const expiresAt = new Date(Date.now() + HOUR)
    await inUnit((unit) => store.putLink(unit, { sha256, userId: user.id, purpose: 'invite', expiresAt }))
    const failed = inUnit(async (unit) => {
      expect(await store.takeLink(unit, sha256)).not.toBeNull()
      await store.putPassword(unit, user.id, 'x')
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await store.findLink(sha256)).not.toBeNull()
    expect(await store.readPassword(user.id)).toBeNull()
  })

  test('tries are counted one by one, also many at once, until they are forgotten', async () => {
    const tryOnce = (name: string) => inUnit((unit) => store.countTry(unit, name))
    const waits = await Promise.all(Array.from({ length: 8 }, () => tryOnce('user:a')))
    expect(waits.filter((wait) => wait === 0)).toHaveLength(5)
    expect(waits.filter((wait) => wait > 25 && wait <= 30)).toHaveLength(3)
    expect(await tryOnce('user:b')).toBe(0)
    await inUnit((unit) => store.forgetTries(unit, 'user:a'))
    expect(await tryOnce('user:a')).toBe(0)
  })
})

test('a link for nobody is not found, on PostgreSQL as in memory', async () => {
  for (const { open } of WORLDS) {
    const world = await open()
    const link = { sha256: randomBytes(32), purpose: 'invite' as const, expiresAt: new Date(Date.now() + HOUR) }
    const userId = '00000000-0000-4000-8000-000000000001'
    const put = world.transactor.transaction((unit) => world.loginStore.putLink(unit, { ...link, userId }))
    await expect(put).rejects.toMatchObject({ code: 'not_found' })
    await world.close()
  }
})

test('what the database keeps of a name that was tried is no name', async () => {
  const world = await openPgWorld()
  const rows = async (table: string): Promise<string> => {
    const found: unknown[] = await world.opened.database.run(null, (manager) => manager.query(`SELECT * FROM ${table}`))
    return JSON.stringify(found)
  }
  const user = await world.users.create(HUB, { username: 'erased-person' })
  await world.users.erase(HUB, user.id)
  expect(await rows('retired_handles')).toMatch(/data/)
  expect(await rows('retired_handles')).not.toContain('erased-person')
  await world.close()
})
