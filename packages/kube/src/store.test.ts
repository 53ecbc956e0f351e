// The store against its promises: indexes follow, namesakes are told apart, a list is the whole truth.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Store } from './store.ts'

interface Item {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string }
  readonly server: string
}
const item = (name: string, version: number, { uid = 'u1', server = 's1' } = {}): Item => ({
  metadata: { name, uid, resourceVersion: String(version) },
  server,
})
const open = (): Store<Item> => new Store<Item>({ server: ({ server }) => [server] })

describe('put', () => {
  test('tells what is new, what changed, and nothing of the same version', () => {
    const store = open()
    expect(store.put(item('a', 1))).toMatchObject([{ type: 'added', key: 'a' }])
    expect(store.put(item('a', 2))).toMatchObject([{ type: 'updated', before: { metadata: { resourceVersion: '1' } } }])
    expect(store.put(item('a', 2))).toEqual([])
  })

  test('a namesake with another UID is a deletion and an addition', () => {
    const store = open()
    store.put(item('a', 1))
    const changes = store.put(item('a', 2, { uid: 'u2' }))
    expect(changes).toMatchObject([{ type: 'deleted', before: { metadata: { uid: 'u1' } } }, { type: 'added' }])
  })

  test('a late deletion of an earlier namesake changes nothing', () => {
    const store = open()
    store.put(item('a', 2, { uid: 'u2' }))
    expect(store.remove(item('a', 1))).toEqual([])
    expect(store.size).toBe(1)
  })
})

test('has synced with its first list, and says which additions are of it', () => {
  const store = open()
  expect(store.hasSynced).toBe(false)
  expect(store.replace([item('a', 1)])).toMatchObject([{ initial: true }])
  expect(store.hasSynced).toBe(true)
  expect(store.replace([item('b', 2)])).toMatchObject([
    { type: 'deleted', key: 'a' },
    { type: 'added', key: 'b', initial: false },
  ])
})

test('an index nobody declared is a mistake', () => {
  expect(() => open().byIndex('colour', 'red')).toThrow('no index colour')
})

test('the index always says what a scan would', () => {
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    uid: fc.constantFrom('u1', 'u2'),
    server: fc.constantFrom('s1', 's2', 's3'),
    how: fc.constantFrom('put', 'remove', 'replace'),
  })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const store = open()
      steps.forEach(({ name, uid, server, how }, version) => {
        const one = item(name, version, { uid, server })
        if (how === 'put') store.put(one)
        else if (how === 'remove') store.remove(one)
        else store.replace([one, item('z', version)])
        for (const value of ['s1', 's2', 's3']) {
          const scanned = [...store.list()].filter((each) => each.server === value)
          expect(new Set(store.byIndex('server', value))).toEqual(new Set(scanned))
        }
      })
    }),
  )
})
