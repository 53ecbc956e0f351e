// Personal groups on both stores: names, bounds, what is shown; and other replicas within a second.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { HUB, openPgWorld, WORLDS, type World } from '../../../../test/kit/worlds.ts'

describe.each(WORLDS)('groups $name', ({ open }) => {
  let world: World
  let count = 0
  beforeAll(async () => void (world = await open()))
  afterAll(() => world.close())

  const newUser = async (): Promise<string> => (await world.users.create(HUB, { username: `user-${++count}` })).id
  const shown = async (user: string): Promise<string[] | null> => {
    const set = await world.groups.shown(user)
    return set && [...set].toSorted()
  }

  test('no group narrows nothing; groups show the union of the active ones; none active shows nothing', async () => {
    const user = await newUser()
    expect(await shown(user)).toBeNull()
    const a = await world.groups.create(user, { name: 'a', servers: ['memory', 'filesystem', 'memory'] })
    const b = await world.groups.create(user, { name: '나의 그룹 😀', servers: ['github', 'memory'], active: false })
    expect(a.servers).toEqual(['memory', 'filesystem'])
    expect(await shown(user)).toEqual(['filesystem', 'memory'])
    await world.groups.setActive(user, b.id, true)
    expect(await shown(user)).toEqual(['filesystem', 'github', 'memory'])
    await world.groups.setActive(user, a.id, false)
    await world.groups.setActive(user, b.id, false)
    expect(await shown(user)).toEqual([])
    await world.groups.remove(user, a.id)
    await world.groups.remove(user, b.id)
    expect(await shown(user)).toBeNull()
  })

  test('a hit is synchronous and one object; a change is there with the next call and told once', async () => {
    const user = await newUser()
    const group = await world.groups.create(user, { name: 'g', servers: ['memory'] })
    const told: string[] = []
    const off = world.groups.onChange((userId) => told.push(userId))
    const first = await world.groups.shown(user)
    expect(world.groups.shown(user)).toBe(first)
    await world.groups.update(user, group.id, { servers: [] })
    expect(await shown(user)).toEqual([])
    expect(told).toEqual([user])
    off()
  })

  test('one group by name, active or not; unknown is null', async () => {
    const user = await newUser()
    await world.groups.create(user, { name: 'off', servers: ['memory'], active: false })
    expect([...(await world.groups.group(user, 'off'))!]).toEqual(['memory'])
    expect(await world.groups.group(user, 'none')).toBeNull()
    expect(await world.groups.group(user, '__proto__')).toBeNull()
  })

  test('a name is one per user, in one form; another user may have it too', async () => {
    const [alice, bob] = [await newUser(), await newUser()]
    const a = await world.groups.create(alice, { name: 'work', servers: [] })
    await world.groups.create(bob, { name: 'work', servers: [] })
    await expect(world.groups.create(alice, { name: ' work ', servers: [] })).rejects.toMatchObject({
      code: 'conflict',
    })
    const b = await world.groups.create(alice, { name: '한', servers: [] })
    await expect(world.groups.create(alice, { name: '한'.normalize('NFD'), servers: [] })).rejects.toMatchObject({
      code: 'conflict',
    })
    await expect(world.groups.update(alice, b.id, { name: 'work' })).rejects.toMatchObject({ code: 'conflict' })
    expect(await world.groups.update(alice, a.id, { name: 'work', description: 'mine' })).toMatchObject({
      description: 'mine',
    })
    expect((await world.groups.update(alice, a.id, { description: null })).description).toBeNull()
    expect((await world.groups.list(alice)).map((group) => group.name)).toEqual(['work', '한'])
  })

  test("another user's group is as unknown as one that is not", async () => {
    const [alice, bob] = [await newUser(), await newUser()]
    const { id } = await world.groups.create(alice, { name: 'g', servers: ['memory'] })
    for (const wrong of [id, '00000000-0000-4000-8000-000000000000', 'x', '\0']) {
      await expect(world.groups.update(bob, wrong, { name: 'x' })).rejects.toMatchObject({ code: 'not_found' })
      await expect(world.groups.setActive(bob, wrong, false)).rejects.toMatchObject({ code: 'not_found' })
      await expect(world.groups.remove(bob, wrong)).rejects.toMatchObject({ code: 'not_found' })
    }
    expect(await shown(alice)).toEqual(['memory'])
  })

  const wrong: readonly [string, object][] = [
    ['empty name', { name: '' }],
    ['slash', { name: 'a/b' }],
    ['NUL', { name: 'a\0b' }],
    ['line break', { name: 'a\nb' }],
    ['right-to-left override', { name: 'a\u202eb' }],
    ['too long', { name: 'x'.repeat(65) }],
    ['server that can be none', { name: 'ok', servers: ['Not A Server'] }],
    ['too many servers', { name: 'ok', servers: Array.from({ length: 1025 }, (_, i) => `s${i}`) }],
  ]
  test.each(wrong)('DAT-5: %s is refused with the field named', async (_, input) => {
    const user = await newUser()
    await expect(world.groups.create(user, { name: 'ok', servers: [], ...input })).rejects.toMatchObject({
      code: 'invalid_params',
    })
    expect(await world.groups.list(user)).toEqual([])
  })

  test('their number is limited, and they go with their user', async () => {
    const user = await newUser()
    for (let i = 0; i < 5; i++) await world.groups.create(user, { name: `g${i}`, servers: [] })
    await expect(world.groups.create(user, { name: 'more', servers: [] })).rejects.toMatchObject({
      code: 'limit_exceeded',
    })
    await world.users.erase(HUB, user)
    await expect(world.groups.create(user, { name: 'ghost', servers: [] })).rejects.toBeDefined()
  })
})

test('SES-7: a group turned off is off on another replica within a second, with the notify channel cut', async () => {
  const world = await openPgWorld()
  const other = await world.replica()
  const { id: user } = await world.users.create(HUB, { username: 'alice' })
  const group = await world.groups.create(user, { name: 'g', servers: ['memory'] })
  expect([...(await other.groups.shown(user))!]).toEqual(['memory'])
  for (const active of [false, true, false]) {
    await world.groups.setActive(user, group.id, active)
    await waitUntil(async () => (await other.groups.shown(user))!.size === Number(active), 'known there', 1000)
  }
  await world.close()
})
