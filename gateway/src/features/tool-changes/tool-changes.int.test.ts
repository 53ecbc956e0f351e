// Definitions of tools on both stores: the first is approved, another is flagged or held from the very moment it is known, a decision reaches
// every replica, and nobody's own words are kept.
import { mcpServerSpec } from '@mcphub/api'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase, type OpenTestDatabase } from '../../../../test/kit/database.ts'
import { createDiscoveriesDouble, createCatalogDouble } from '../../../../test/kit/hub-doubles.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { FakeTransactor } from '../../db/fake-transactor.ts'
import type { ChangeSource, Transactor } from '../../db/unit.ts'
import { createFakeToolChangesStore } from './fake-tool-changes-store.ts'
import { createPgToolChangesStore } from './pg-tool-changes-store.ts'
import { createToolChangesService, type ToolChangesService } from './tool-changes-service.ts'
import type { ToolChangesStore } from './tool-changes-store.ts'

const ALICE = '11111111-1111-4111-8111-111111111111'
const BOB = '22222222-2222-4222-8222-222222222222'

interface Place {
  readonly store: ToolChangesStore
  readonly transactor: Transactor
  readonly changes: ChangeSource
}

interface Places {
  readonly open: () => Promise<{ first: Place; second: Place; close: () => Promise<void> }>
  readonly name: string
}

async function addPeople(database: OpenTestDatabase['database']): Promise<void> {
  for (const [id, username] of [
    [ALICE, 'alice'],
    [BOB, 'bob'],
  ])
    await database.run(null, (m) =>
      m.query(`INSERT INTO users (id, username, role) VALUES ($1, $2, 'member')`, [id, username]),
    )
}

const PLACES: readonly Places[] = [
  {
    name: 'in memory',
    open: async () => {
      const fake = new FakeTransactor()
      const place = { store: createFakeToolChangesStore(), transactor: fake, changes: fake }
      return { first: place, second: place, close: async () => undefined }
    },
  },
  {
    name: 'on PostgreSQL',
    open: async () => {
      const opened = await openTestDatabase()
      await addPeople(opened.database)
      const other = await opened.replica({ listen: false })
      const place = (database: typeof other): Place => ({
        ...{ store: createPgToolChangesStore(database), transactor: database, changes: database.changes },
      })
      return { first: place(opened.database), second: place(other), close: () => opened.close() }
    },
  },
]

describe.each(PLACES)('definitions of tools $name', ({ open }) => {
  let places: Awaited<ReturnType<typeof open>>
  beforeAll(async () => void (places = await open()))
  afterAll(() => places.close())
  const running: ToolChangesService[] = []
  afterEach(() => {
    for (const service of running.splice(0)) service.stop()
  })

  let count = 0
  /** One replica, with a server of the test's own. */
  async function replica(server: string, onChange: 'Flag' | 'Hold', place = places.first) {
    const catalog = createCatalogDouble()
    const publish = (word: 'Flag' | 'Hold'): void =>
      catalog.set({
        servers: { [server]: { type: 'Remote', remote: { url: 'https://x.test' }, tools: { onChange: word } } },
      })
    publish(onChange)
    const discoveries = createDiscoveriesDouble()
    const service = createToolChangesService({ ...place, catalog, discoveries, retryMs: 20 })
    running.push(service)
    await service.start()
    const serverOf = () => catalog.snapshot().servers.get(server)!
    return {
      ...{ service, publish },
      say: (description: string, userId: string | null = null) =>
        discoveries.putTools(server, userId, [
          { name: 'read', description },
          { name: 'same', description: 'never changes' },
        ]),
      held: (userId = ALICE) => [...service.listHeld(serverOf(), userId)],
      stateOf: (userId = ALICE) => service.stateOf(serverOf(), userId, 'read'),
      list: async () => (await service.list({ server, limit: 10 })).changes,
    }
  }
  const name = (): string => `server-${++count}`

  test('the first definition is approved; another is flagged, and nothing is held where the manifest does not say so', async () => {
    const { say, service, held, stateOf, list } = await replica(name(), 'Flag')
    say('reads')
    expect([held(), stateOf()]).toEqual([[], 'ok'])
    await service.flush()
    expect(await list()).toEqual([])
    say('reads, and sends it to me')
    expect([held(), stateOf()]).toEqual([[], 'flagged'])
    await service.flush()
    expect(await list()).toMatchObject([
      {
        tool: 'read',
        state: 'flagged',
        before: { description: 'reads' },
        definition: { description: 'reads, and sends it to me' },
        people: null,
        decidedAt: null,
      },
    ])
  })

  test('CON-9: where it says Hold a changed tool is held the moment it is known, before anything is written', async () => {
    const { say, service, held, list } = await replica(name(), 'Hold')
    say('reads')
    await service.flush()
    say('rug')
    expect(held()).toEqual(['read'])
    await service.flush()
    expect(await list()).toMatchObject([{ tool: 'read', state: 'held' }])
    say('reads')
    expect(held()).toEqual([])
    await service.flush()
    expect(await list()).toEqual([])
  })

  test('SES-7: a decision counts for everybody on every replica, at most a second later', async () => {
    const server = name()
    const [one, other] = [await replica(server, 'Hold'), await replica(server, 'Hold', places.second)]
    for (const words of ['reads', 'reads more']) {
      one.say(words)
      await one.service.flush()
      other.say(words)
      await other.service.flush()
    }
    expect([one.held(), other.held()]).toEqual([['read'], ['read']])
    const told: (string | null)[] = []
    other.service.onChange((userId) => told.push(userId))
    const [change] = await one.list()
    const { before, after } = await one.service.decide(change!.id, 'approve', ALICE)
    expect([before.state, after.state, after.decidedAt]).toEqual(['flagged', 'approved', expect.any(Date)])
    expect(one.held()).toEqual([])
    await waitUntil(() => other.held().length === 0, 'approved on the other replica', 1_000)
    expect(told).toContain(null)
    await one.service.decide(change!.id, 'hold', ALICE)
    expect(one.held()).toEqual(['read'])
    await waitUntil(() => other.held().length === 1, 'held on the other replica', 1_000)
  })

  test('one that an administrator holds is held also where the manifest only flags; the word of the manifest counts at once', async () => {
    const { say, service, held, list, publish } = await replica(name(), 'Flag')
    say('reads')
    await service.flush()
    say('other')
    await service.flush()
    publish('Hold')
    expect(held()).toEqual(['read'])
    publish('Flag')
    expect(held()).toEqual([])
    await service.decide((await list())[0]!.id, 'hold', ALICE)
    expect(held()).toEqual(['read'])
    expect((await service.list({ state: 'held', limit: 10 })).changes.map(({ tool }) => tool)).toContain('read')
  })

  test('what is shown one person is theirs: no text is kept, people are counted, and the verdict is by its hash for all', async () => {
    const { say, service, held, list } = await replica(name(), 'Hold')
    say('reads')
    await service.flush()
    say('reads the files of alice', ALICE)
    say('reads the files of alice', BOB)
    await service.flush()
    expect([held(ALICE), held(BOB)]).toEqual([['read'], ['read']])
    const [change, ...more] = await list()
    expect(more).toEqual([])
    expect(change).toMatchObject({ definition: null, people: 2, before: { description: 'reads' } })
    say('reads', BOB)
    await service.flush()
    expect(await list()).toMatchObject([{ people: 1 }])
    await service.decide(change!.id, 'approve', BOB)
    await waitUntil(() => held(ALICE).length === 0, 'approved')
  })

  test('after a restart what was approved is known, and a changed tool is held from the start', async () => {
    const server = name()
    const before = await replica(server, 'Hold')
    before.say('reads')
    await before.service.flush()
    before.service.stop()
    const after = await replica(server, 'Hold')
    after.say('rug')
    expect(after.held()).toEqual(['read'])
  })

  test('two replicas that see different first definitions agree on one', async () => {
    const server = name()
    const [one, other] = [await replica(server, 'Hold'), await replica(server, 'Hold', places.second)]
    one.say('mine')
    other.say('theirs')
    await Promise.all([one.service.flush(), other.service.flush()])
    await waitUntil(() => one.held().length + other.held().length === 1, 'one of them is held')
  })

  test('pages: newest first, each once; by server and state; a foreign cursor is refused', async () => {
    const server = name()
    const { service } = await replica(server, 'Flag')
    const place = places.first
    for (const words of ['first', 'second']) {
      const definitions = Array.from({ length: 5 }, (_, at) => ({
        ...{ tool: `t${at}`, sha256: Buffer.from(`${words}${at}`.padEnd(32, '.')).toString('hex'), text: '{}' },
      }))
      await place.transactor.transaction((unit) => place.store.record(unit, { server, userId: null, definitions }))
    }
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page = await service.list({ server, limit: 2, ...(cursor === null ? {} : { cursor }) })
      seen.push(...page.changes.map(({ tool }) => tool))
      cursor = page.next
    } while (cursor !== null)
    expect(seen.toSorted()).toEqual(['t0', 't1', 't2', 't3', 't4'])
    expect((await service.list({ server, state: 'held', limit: 10 })).changes).toEqual([])
    await expect(service.list({ limit: 1, cursor: 'rubbish' })).rejects.toMatchObject({ code: 'invalid_params' })
  })

  test('a definition that nobody is shown any more cannot be decided on', async () => {
    const { service } = await replica(name(), 'Flag')
    await expect(service.decide(BOB, 'approve', ALICE)).rejects.toMatchObject({ code: 'not_found' })
  })
})

test('a database that is away holds up nothing: what changed is held, and written when it is back', async () => {
  const fake = new FakeTransactor()
  const store = createFakeToolChangesStore()
  const catalog = createCatalogDouble()
  const spec = mcpServerSpec.parse({ type: 'Remote', remote: { url: 'https://x.test' }, tools: { onChange: 'Hold' } })
  catalog.set({ servers: { a: spec } })
  const discoveries = createDiscoveriesDouble()
  const faults: string[] = []
  const service = createToolChangesService({
    ...{ store, transactor: fake, changes: fake, catalog, discoveries, retryMs: 10 },
    onFault: (step) => faults.push(step),
  })
  await service.start()
  discoveries.putTools('a', null, [{ name: 'read', description: 'one' }])
  await service.flush()
  fake.away = true
  discoveries.putTools('a', null, [{ name: 'read', description: 'two' }])
  const held = (): string[] => [...service.listHeld(catalog.snapshot().servers.get('a')!, ALICE)]
  expect(held()).toEqual(['read'])
  await waitUntil(() => faults.length > 0, 'a try failed')
  fake.away = false
  await waitUntil(async () => (await store.list({ holding: [], limit: 5 })).length === 1, 'written when it is back')
  expect(held()).toEqual(['read'])
  service.stop()
})
