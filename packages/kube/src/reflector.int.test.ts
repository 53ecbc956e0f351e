// The reflector against a server that misbehaves: whatever happens, the store ends equal to the server, and lists stay rare.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { KubeClient } from './client.ts'
import { fixedCredentials } from './credentials.ts'
import { KubeHttp } from './http.ts'
import { isReason } from './kube-error.ts'
import { CONFIG_MAPS, keyOf, type KubeObject, type Stored } from './objects.ts'
import { Reflector, type ReflectorOptions, type ReflectorTiming } from './reflector.ts'
import { Store, type Change } from './store.ts'
import { FakeApiServer } from './testing/fake-api-server.ts'
import type { FakeCall } from './testing/fake-request.ts'

const FAST: Partial<ReflectorTiming> = {
  firstBackOffMs: 5,
  mostBackOffMs: 40,
  pageSize: 2,
  shortWatchMs: 20,
  relistMs: 60,
}
type Item = KubeObject & Stored

let server: FakeApiServer
let http: KubeHttp
let client: KubeClient
const reflectors: Reflector<Item>[] = []
beforeEach(async () => {
  server = await FakeApiServer.start({ bookmarkMs: 20 })
  http = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: 'test', silenceMs: 150, retries: 0 })
  client = new KubeClient(http)
})
afterEach(async () => {
  for (const reflector of reflectors.splice(0)) await reflector.stop()
  await http.destroy()
  await server.stop()
})

function reflect(options: Partial<ReflectorOptions<Item>> = {}): Reflector<Item> {
  const reflector = new Reflector<Item>({
    client,
    resource: CONFIG_MAPS,
    store: new Store(),
    transform: (object) => object,
    timing: FAST,
    ...options,
  })
  reflectors.push(reflector)
  return reflector
}

const make = (name: string, data = {}): Promise<Item> =>
  client.create(CONFIG_MAPS, { metadata: { name, namespace: 'default' }, data })
const remove = (name: string): Promise<void> => client.delete(CONFIG_MAPS, { namespace: 'default', name })

const isList = ({ watch, method, name }: FakeCall): boolean => !watch && method === 'GET' && name === null
const isWatch = ({ watch }: FakeCall): boolean => watch
const lists = (): number => server.calls.filter((call) => isList(call) && !call.query.has('continue')).length
const watches = (): FakeCall[] => server.calls.filter(isWatch)

/** The store holds what the server holds, at the same versions. */
const agrees = ({ store }: Reflector<Item>): Promise<void> =>
  vi.waitFor(
    () => {
      const versionOf = (object: { metadata: { name: string; resourceVersion: string } }): string =>
        `${object.metadata.name} ${object.metadata.resourceVersion}`
      expect([...store.list()].map(versionOf).sort()).toEqual(
        server.storage.list('configmaps', null).map(versionOf).sort(),
      )
    },
    { timeout: 5000, interval: 5 },
  )

describe('in peace', () => {
  test('lists in pages, slims on entry, then watches with bookmarks from where the list ended', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await make(name, { secret: 'big' })
    const reflector = reflect({ transform: ({ metadata }) => ({ metadata }) })
    await reflector.start()
    expect([...reflector.store.list()].map(keyOf)).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => `default/${name}`))
    expect(JSON.stringify([...reflector.store.list()])).not.toContain('big')
    expect(server.calls.filter(isList)).toHaveLength(3)
    await make('f')
    await remove('a')
    await agrees(reflector)
    const [first] = watches()
    expect(first?.query.get('allowWatchBookmarks')).toBe('true')
    expect(Number(first?.query.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300)
    expect(Number(first?.query.get('timeoutSeconds'))).toBeLessThanOrEqual(600)
    expect(watches()).toHaveLength(1)
  })

  test('listeners hear of what is known and what comes; one that throws harms nobody', async () => {
    await make('a')
    const fault = vi.fn()
    const reflector = reflect({ metrics: { list: vi.fn(), watch: vi.fn(), fault } })
    reflector.subscribe(() => {
      throw new Error('mine')
    })
    const heard: string[] = []
    const listen = ({ type, key }: Change<Item>): void => void heard.push(`${type} ${key}`)
    reflector.subscribe(listen)
    await reflector.start()
    reflector.subscribe(({ type }) => void heard.push(`late ${type}`))
    await make('b')
    await vi.waitFor(() => expect(heard).toEqual(['added default/a', 'late added', 'added default/b', 'late added']))
    expect(fault).toHaveBeenCalledTimes(2)
  })
})

describe('under faults', () => {
  test('a broken watch resumes: no second list, nothing missed', async () => {
    const reflector = reflect()
    await reflector.start()
    for (let at = 0; at < 5; at++) {
      await vi.waitFor(() => expect(server.openWatches).toBe(1))
      server.cutWatches()
      await make(`m${at}`)
    }
    await agrees(reflector)
    expect(lists()).toBe(1)
  })

  test('a quiet watch resumes from its last bookmark, not from its list', async () => {
    const reflector = reflect()
    await reflector.start()
    const from = (call: FakeCall | undefined): number => Number(call?.query.get('resourceVersion'))
    await client.create(
      { ...CONFIG_MAPS, plural: 'secrets', kind: 'Secret' },
      { metadata: { name: 'x', namespace: 'default' } },
    )
    const { version } = server.storage
    // cut until the bookmark had come before it: the versions of other kinds reach this watch in no other way
    await vi.waitFor(() => {
      if (server.openWatches > 0) server.cutWatches()
      expect(from(watches().at(-1))).toBe(version)
    })
    expect(from(watches()[0])).toBeLessThan(version)
    expect(lists()).toBe(1)
  })

  test.each([
    ['429', { answer: { code: 429, reason: 'TooManyRequests', retryAfterSeconds: 0.01 } }],
    ['500', { answer: { code: 500, reason: 'InternalError' } }],
    ['a dropped connection', { drop: 'before' }],
    ['silence', { silent: true }],
  ] as const)('a watch that meets %s three times comes back without a list', async (_what, act) => {
    const reflector = reflect()
    server.inject({ when: isWatch, act, times: 3 })
    await reflector.start()
    await make('a')
    await agrees(reflector)
    expect(lists()).toBe(1)
    expect(watches().length).toBeGreaterThanOrEqual(4)
  })

  test('a version that is no longer held, and bytes that are no event, cost one list each', async () => {
    const reflector = reflect()
    await reflector.start()
    await vi.waitFor(() => expect(server.openWatches).toBe(1))
    await make('a')
    await agrees(reflector)
    const undo = server.inject({ when: isWatch, act: { drop: 'before' } })
    server.cutWatches()
    await make('b')
    await remove('a')
    server.compact()
    undo()
    await agrees(reflector)
    expect(lists()).toBe(2)
    server.inject({ when: isWatch, act: { garble: true }, times: 1 })
    server.cutWatches()
    await vi.waitFor(() => expect(lists()).toBe(3))
    await make('c')
    await agrees(reflector)
    expect(lists()).toBe(3)
  })

  test('a list that expires in the middle begins anew', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await make(name)
    server.inject({
      when: ({ query }) => query.has('continue'),
      act: { answer: { code: 410, reason: 'Expired' } },
      times: 2,
    })
    const reflector = reflect()
    await reflector.start()
    await agrees(reflector)
    expect(lists()).toBe(3)
  })

  test('it never gives up on the first list', async () => {
    server.inject({ when: isList, act: { answer: { code: 503, reason: 'ServiceUnavailable' } }, times: 12 })
    const waits: number[] = []
    const reflector = reflect({
      metrics: { list: vi.fn(), watch: vi.fn(), fault: (_resource, _error, waitMs) => void waits.push(waitMs) },
    })
    await reflector.start()
    expect(waits).toHaveLength(12)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(5)
    expect(Math.max(...waits)).toBeLessThanOrEqual(40)
  })

  test('a namesake made while the watch was away is told as another object', async () => {
    const first = await make('a')
    const reflector = reflect()
    const told: string[] = []
    reflector.subscribe((change) => {
      const { uid } = (change.type === 'deleted' ? change.before : change.item).metadata
      told.push(`${change.type} ${uid === first.metadata.uid ? 'first' : 'second'}`)
    })
    await reflector.start()
    await vi.waitFor(() => expect(server.openWatches).toBe(1))
    const undo = server.inject({ when: isWatch, act: { drop: 'before' } })
    server.cutWatches()
    await remove('a')
    await make('a')
    server.compact()
    undo()
    await agrees(reflector)
    expect(told).toEqual(['added first', 'deleted first', 'added second'])
  })
})

describe('when the server contradicts what is known', () => {
  /** a list that held nothing was believed: the store lacks a and b */
  async function startEmpty(options: Partial<ReflectorOptions<Item>> = {}): Promise<Reflector<Item>> {
    await make('a')
    await make('b')
    server.inject({ when: isList, act: { empty: true }, times: 1 })
    const reflector = reflect(options)
    await reflector.start()
    expect(reflector.store.size).toBe(0)
    return reflector
  }

  test('relist: one more list heals the store at once, and is no failure', async () => {
    const fault = vi.fn()
    const reflector = await startEmpty({ metrics: { list: vi.fn(), watch: vi.fn(), fault } })
    await vi.waitFor(() => expect(server.openWatches).toBe(1))
    reflector.relist()
    await agrees(reflector)
    await make('c')
    await agrees(reflector)
    expect(lists()).toBe(2)
    expect(fault).not.toHaveBeenCalled()
    expect(server.openWatches).toBe(1)
  })

  test('relist while a list is under way, however often: one more list', async () => {
    await make('a')
    const held = Promise.withResolvers<void>()
    server.inject({ when: isList, act: { hold: held.promise }, times: 1 })
    const reflector = reflect({ timing: { ...FAST, relistMs: 60_000 } })
    const started = reflector.start()
    await vi.waitFor(() => expect(lists()).toBe(1))
    for (let at = 0; at < 3; at++) reflector.relist()
    held.resolve()
    await started
    await vi.waitFor(() => expect(lists()).toBe(2))
    await make('b')
    await agrees(reflector)
    expect(lists()).toBe(2)
  })

  test('a caller in a loop lists once in `relistMs`', async () => {
    const reflector = reflect()
    await reflector.start()
    const began = performance.now()
    await vi.waitFor(
      () => {
        reflector.relist()
        expect(lists()).toBeGreaterThanOrEqual(5)
      },
      { timeout: 5000, interval: 1 },
    )
    // the first at once, three more a whole span after each other
    expect(performance.now() - began).toBeGreaterThanOrEqual(3 * 60)
  })

  test('what a list lacks is asked for: what is there stays, what is gone goes, and the list is made again', async () => {
    for (const name of ['a', 'b', 'c']) await make(name)
    const faults: unknown[] = []
    const asked: string[] = []
    const reflector = reflect({
      metrics: { list: vi.fn(), watch: vi.fn(), fault: (_resource, error) => void faults.push(error) },
      async isGone({ metadata }) {
        asked.push(metadata.name)
        const ref = { namespace: 'default', name: metadata.name }
        return client.get(CONFIG_MAPS, ref).then(
          () => false,
          (error: unknown) => isReason(error, 'NotFound') || Promise.reject(error as Error),
        )
      },
    })
    const told: string[] = []
    reflector.subscribe(({ type, key }) => void told.push(`${type} ${key}`))
    await reflector.start()
    await vi.waitFor(() => expect(server.openWatches).toBe(1))
    const undo = server.inject({ when: isWatch, act: { drop: 'before' } })
    server.inject({ when: isList, act: { empty: true }, times: 1 })
    server.cutWatches()
    await remove('b')
    server.compact()
    undo()
    await vi.waitFor(() => expect(lists()).toBe(3))
    await agrees(reflector)
    expect(asked).toEqual(['a', 'b', 'c'])
    expect(told).toEqual(['added default/a', 'added default/b', 'added default/c', 'deleted default/b'])
    expect(String(faults.at(-1))).toBe('Error: the list lacks 2 objects that are there')
    await make('d')
    await agrees(reflector)
    expect(lists()).toBe(3)
  })

  test('an answer that fails drops nothing: the whole list is tried again', async () => {
    for (const name of ['a', 'b', 'c']) await make(name)
    const isGone = vi.fn(() => Promise.resolve(true)).mockRejectedValueOnce(new Error('no answer'))
    const fault = vi.fn()
    const reflector = reflect({ isGone, metrics: { list: vi.fn(), watch: vi.fn(), fault } })
    const told: string[] = []
    reflector.subscribe(({ type, key }) => void told.push(`${type} ${key}`))
    await reflector.start()
    await vi.waitFor(() => expect(server.openWatches).toBe(1))
    server.inject({ when: isList, act: { empty: true }, times: 1 })
    reflector.relist()
    await vi.waitFor(() => expect(lists()).toBe(3))
    await agrees(reflector)
    expect(told).toEqual(['added default/a', 'added default/b', 'added default/c'])
    expect(fault).toHaveBeenCalledOnce()
    await remove('b')
    await agrees(reflector)
    expect(isGone).toHaveBeenCalledTimes(3)
  })
})

describe('an object that the transform cannot read', () => {
  const CANARY = 'what-the-object-says'
  /** Throws as code does that takes an object for what it is not. */
  const transform = (object: Item): Item => {
    if ((object['data'] as Record<string, unknown>)['shape'] !== undefined) throw new TypeError(CANARY)
    return object
  }
  const setShape = (name: string, shape: string | null): Promise<Item> =>
    client.patch(CONFIG_MAPS, { namespace: 'default', name }, { type: 'merge', body: { data: { shape } } })
  const names = ({ store }: Reflector<Item>): string[] => Array.from(store.list(), ({ metadata }) => metadata.name)

  test('is left out of a list, with a fault that names it and says nothing of it; the others go on', async () => {
    await make('a')
    await make('odd', { shape: 'later' })
    await make('z')
    const fault = vi.fn()
    const reflector = reflect({ transform, metrics: { list: vi.fn(), watch: vi.fn(), fault } })
    await reflector.start()
    expect(names(reflector)).toEqual(['a', 'z'])
    expect(fault).toHaveBeenCalledOnce()
    const said = String(fault.mock.calls[0]![1])
    expect(said).toBe('Error: ConfigMap default/odd cannot be read and is left out (TypeError)')
    await setShape('odd', null)
    await agrees(reflector)
    expect(lists()).toBe(1)
  })

  test('stays as it was known last, in a watch and in a list, until it is gone', async () => {
    const known = await make('a')
    await make('b')
    const reflector = reflect({ transform })
    const told: string[] = []
    reflector.subscribe(({ type, key }) => void told.push(`${type} ${key}`))
    await reflector.start()
    await setShape('a', 'later')
    await make('c')
    await vi.waitFor(() => expect(names(reflector)).toEqual(['a', 'b', 'c']))
    expect(watches()).toHaveLength(1)
    reflector.relist()
    await vi.waitFor(() => expect(watches()).toHaveLength(2))
    expect(lists()).toBe(2)
    expect(reflector.store.get('default/a')).toEqual(known)
    await remove('a')
    await agrees(reflector)
    expect(told).toEqual(['added default/a', 'added default/b', 'added default/c', 'deleted default/a'])
  })

  test('a namesake of what was known is no word of it: that one is gone', async () => {
    await make('a')
    const reflector = reflect({ transform })
    await reflector.start()
    await vi.waitFor(() => expect(server.openWatches).toBe(1))
    const undo = server.inject({ when: isWatch, act: { drop: 'before' } })
    server.cutWatches()
    await remove('a')
    await make('a', { shape: 'later' })
    server.compact()
    undo()
    await vi.waitFor(() => expect(names(reflector)).toEqual([]))
    expect(lists()).toBe(2)
  })
})
