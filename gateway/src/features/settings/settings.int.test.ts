// Settings on both stores: values as they were, one winner of many first writers, undone with their transaction.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPgWorld, WORLDS, type World } from '../../../../test/kit/worlds.ts'
import { readHubId } from './hub-id.ts'

describe.each(WORLDS)('settings $name', ({ open }) => {
  let world: World
  beforeAll(async () => void (world = await open()))
  afterAll(() => world.close())

  test('a value comes back as it was, is replaced, and goes', async () => {
    const { settings } = world
    expect(await settings.get(null, 'x')).toBeNull()
    for (const value of [{ text: "한글 😀 '; --", list: [1, null] }, 'plain', 0, false]) {
      await settings.put(null, 'x', value)
      expect(await settings.get(null, 'x')).toEqual(value)
    }
    await settings.remove(null, 'x')
    expect(await settings.get(null, 'x')).toBeNull()
  })

  test('a change in a transaction that fails never was', async () => {
    const { settings, transactor } = world
    await settings.put(null, 'kept', 1)
    const work = transactor.transaction(async (unit) => {
      await settings.put(unit, 'kept', 2)
      await settings.put(unit, 'new', 2)
      await settings.remove(unit, 'kept')
      throw new Error('no')
    })
    await expect(work).rejects.toThrow('no')
    expect([await settings.get(null, 'kept'), await settings.get(null, 'new')]).toEqual([1, null])
  })
})

test('of replicas that start at once all have the same hub id', async () => {
  const world = await openPgWorld()
  const other = await world.replica()
  const ids = await Promise.all(Array.from({ length: 10 }, (_, i) => readHubId((i % 2 ? world : other).settings)))
  expect(new Set(ids).size).toBe(1)
  expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/)
  await world.close()
})
