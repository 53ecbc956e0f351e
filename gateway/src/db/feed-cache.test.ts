import { expect, test } from 'vitest'
import { FeedCache } from './feed-cache.ts'

interface Load {
  readonly key: string
  readonly resolve: (value: string) => void
  readonly reject: (reason: Error) => void
}

function makeCache(max?: number): { cache: FeedCache<string>; loads: Load[] } {
  const loads: Load[] = []
  const load = (key: string): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    loads.push({ key, resolve, reject })
    return promise
  }
  return { cache: new FeedCache({ load, ...(max === undefined ? {} : { max }) }), loads }
}

test('one load however many wait, then synchronous', async () => {
  const { cache, loads } = makeCache()
  const waiting = [Promise.resolve(cache.get('a')), Promise.resolve(cache.get('a'))]
  expect(loads).toHaveLength(1)
  loads[0]!.resolve('one')
  expect(await Promise.all(waiting)).toEqual(['one', 'one'])
  expect(cache.get('a')).toBe('one')
})

test('what was loaded before a change is not kept after it', async () => {
  const { cache, loads } = makeCache()
  const before = cache.get('a')
  cache.invalidate(['a'])
  const after = cache.get('a')
  loads[1]!.resolve('new')
  expect(await after).toBe('new')
  loads[0]!.resolve('old')
  expect(await before).toBe('old')
  expect(cache.get('a')).toBe('new')
})

test('a failed load is tried again by the next who asks', async () => {
  const { cache, loads } = makeCache()
  const failing = cache.get('a')
  loads[0]!.reject(new Error('away'))
  await expect(failing).rejects.toThrow('away')
  const second = cache.get('a')
  loads[1]!.resolve('one')
  expect(await second).toBe('one')
})

test('all go with null, and the least recently used beyond the bound', async () => {
  const { cache, loads } = makeCache(2)
  for (const [i, key] of ['a', 'b', 'a', 'c'].entries()) {
    const value = cache.get(key)
    loads[i]?.resolve(key)
    loads.at(-1)!.resolve(key)
    await value
  }
  expect(cache.keys()).toEqual(['a', 'c'])
  cache.invalidate(null)
  expect(cache.keys()).toEqual([])
})
