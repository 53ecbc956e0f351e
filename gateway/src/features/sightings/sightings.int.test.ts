// What is noted of a key that is watched, on both stores; that nothing is noted of others; and that another replica notes it, too.
import { HubError } from '@mcphub/api'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { HUB, openPgWorld, WORLDS, type World } from '../../../../test/kit/worlds.ts'
import type { HubRequest } from '../../platform/hub-request.ts'
import { createOriginCheck } from '../../platform/origin.ts'
import type { CreatedKey } from '../keys/keys-service.ts'
import { createSightingsService, type SightingsService } from './sightings-service.ts'
import { SIGHTINGS_KEPT, type Sighting } from './sightings-store.ts'

const origin = createOriginCheck([])
const refusal = new HubError('unauthenticated', 'x')

/** As node makes it of these headers. */
function requestOf(headers: Readonly<Record<string, string>>, url = '/mcp', method = 'POST'): HubRequest {
  const all = { host: 'localhost:3000', ...headers }
  return { url, method, headers: all, rawHeaders: Object.entries(all).flat() } as unknown as HubRequest
}

async function openSightings(world: World, watchMs?: number): Promise<SightingsService> {
  const { sightingsStore: store, transactor, changes } = world
  const service = createSightingsService({ store, transactor, changes, origin, ...(watchMs && { watchMs }) })
  await service.start()
  return service
}

describe.each(WORLDS)('sightings $name', ({ open }) => {
  let world: World
  let sightings: SightingsService
  let count = 0
  const opened: SightingsService[] = []
  beforeAll(async () => {
    world = await open()
    sightings = await openSightings(world)
  })
  afterEach(() => {
    for (const service of opened.splice(0)) service.stop()
  })
  afterAll(async () => {
    sightings.stop()
    await world.close()
  })

  const makeKey = async (): Promise<CreatedKey> => {
    const { id } = await world.users.create(HUB, { username: `user-${++count}` })
    return world.keys.create(id, { name: 'laptop' })
  }
  const listOf = async ({ key }: CreatedKey): Promise<readonly Sighting[]> =>
    (await sightings.list(key.userId, key.id)).items
  const watch = ({ key }: CreatedKey): Promise<Date> => sightings.watch(key.userId, key.id)
  const kindsOf = async (made: CreatedKey) => (await listOf(made)).map(({ kind }) => kind)
  const called = ({ key }: CreatedKey, client: string | null = null) =>
    sightings.called(key.id, () => ({ client, unknownRevision: null }))
  const bearer = ({ secret }: CreatedKey): string => `Bearer ${secret.reveal()}`

  test('a call is noted with its client; who is not watched leaves no trace', async () => {
    const [made, other] = [await makeKey(), await makeKey()]
    called(made, 'Early')
    const until = await watch(made)
    expect(until.getTime() - Date.now()).toBeGreaterThan(9 * 60_000)
    expect(until.getTime() - Date.now()).toBeLessThanOrEqual(10 * 60_000 + 1_000)
    expect(await sightings.list(made.key.userId, made.key.id)).toEqual({ items: [], watchedUntil: until })
    called(other, 'Other')
    called(made, 'Cursor')
    await waitUntil(async () => (await listOf(made)).length > 0, 'it is noted')
    expect(await listOf(made)).toEqual([{ at: expect.any(Date), kind: 'call', client: 'Cursor', params: {} }])
    expect(await sightings.list(other.key.userId, other.key.id)).toEqual({ items: [], watchedUntil: null })
  })

  test.each([
    ['cut off', (key: string) => `Bearer ${key.slice(0, 40)}`, '/mcp'],
    ['mistyped', (key: string) => `Bearer ${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`, '/mcp'],
    ['in quotes', (key: string) => `Bearer "${key}"`, '/mcp'],
    ['without its scheme', (key: string) => key, '/mcp'],
  ])('a key that is %s is told to be this one', async (_, headerOf, url) => {
    const made = await makeKey()
    await watch(made)
    sightings.turnedAway(requestOf({ authorization: headerOf(made.secret.reveal()) }, url), refusal)
    await waitUntil(async () => (await kindsOf(made)).includes('wrongKey'), 'it is noted')
  })

  test('so it is in a URL; a key of another is nobody’s matter', async () => {
    const [made, other] = [await makeKey(), await makeKey()]
    await watch(made)
    sightings.turnedAway(requestOf({ authorization: bearer(other) }), refusal)
    sightings.turnedAway(requestOf({}), refusal)
    sightings.turnedAway(requestOf({}, `/mcp?key=${made.secret.reveal().slice(0, 30)}`), refusal)
    await waitUntil(async () => (await kindsOf(made)).length > 0, 'it is noted')
    expect(await kindsOf(made)).toEqual(['wrongKey'])
  })

  test.each([
    ['blockedHost', { host: 'hub.lan' }, { host: 'hub.lan' }],
    ['blockedOrigin', { origin: 'https://page.example' }, { origin: 'https://page.example' }],
  ])('%s is told from its headers', async (kind, headers, params) => {
    const made = await makeKey()
    await watch(made)
    const forbidden = new HubError('origin_forbidden', 'x')
    sightings.turnedAway(requestOf({ authorization: bearer(made), ...headers }), forbidden)
    await waitUntil(async () => (await kindsOf(made)).length > 0, 'it is noted')
    expect(await listOf(made)).toMatchObject([{ kind, params }])
  })

  test('a path where nothing is is told, without a key that stands in it, with a known key and with none', async () => {
    const lost = new HubError('not_found', 'x')
    const made = await makeKey()
    await watch(made)
    sightings.turnedAway(requestOf({ authorization: bearer(made) }, '/mpc?x=1'), lost)
    await waitUntil(async () => (await kindsOf(made)).length === 1, 'it is noted')
    sightings.refused(made.key.id, requestOf({}, `/mcp/${made.secret.reveal()}`), lost)
    await waitUntil(async () => (await kindsOf(made)).length === 2, 'the other is noted', 3_000)
    expect(await listOf(made)).toMatchObject([
      { kind: 'wrongPath', params: { path: '/mcp/mcphub_[redacted]' } },
      { kind: 'wrongPath', params: { path: '/mpc' } },
    ])
  })

  test.each([
    ['badAccept', new HubError('not_acceptable', 'x'), { accept: 'text/html' }],
    [
      'oldRevision',
      new HubError('unsupported_version', 'x', { data: { requested: '2024-01-01', supported: ['2025-11-25'] } }),
      { requested: '2024-01-01', supported: ['2025-11-25'] },
    ],
  ])('%s is told from the refusal; other refusals are not', async (kind, error, params) => {
    const made = await makeKey()
    await watch(made)
    const request = requestOf({ accept: 'text/html' })
    sightings.refused(made.key.id, request, new HubError('parse_error', 'x'))
    sightings.refused(made.key.id, request, error)
    await waitUntil(async () => (await kindsOf(made)).length > 0, 'it is noted')
    expect(await listOf(made)).toMatchObject([{ kind, params }])
  })

  test('a client that asked for a revision nobody knows is told so, until it calls all the same', async () => {
    const made = await makeKey()
    await watch(made)
    const unknownRevision = { requested: '2023-01-01', supported: ['2025-11-25'] }
    sightings.called(made.key.id, () => ({ client: 'Old', unknownRevision }))
    called(made, 'Old')
    await waitUntil(async () => (await kindsOf(made))[0] === 'call', 'the call is noted', 3_000)
    expect(await kindsOf(made)).toEqual(['call', 'oldRevision'])
  })

  test('of a crowd within a second the first and the last are noted; the same again is nothing new', async () => {
    const made = await makeKey()
    await watch(made)
    for (let index = 0; index < 50; index++) called(made, `client ${index}`)
    await waitUntil(async () => (await listOf(made)).length > 1, 'the last is noted', 3_000)
    const items = await listOf(made)
    expect(items.map(({ client }) => client)).toEqual(['client 49', 'client 0'])
    expect(items[0]!.at.getTime() - items[1]!.at.getTime()).toBeGreaterThanOrEqual(990)
    called(made, 'client 49')
    called(made, 'another')
    await waitUntil(async () => (await listOf(made))[0]?.client === 'another', 'another is noted', 3_000)
    expect(await listOf(made)).toHaveLength(3)
  })

  test('the newest are kept', async () => {
    const { key } = await makeKey()
    const { sightingsStore, transactor } = world
    for (let index = 0; index < SIGHTINGS_KEPT + 3; index++) {
      const one = { at: new Date(1_000 * index), kind: 'call', client: `c${index}`, params: {} } as const
      await transactor.transaction(async (unit) => expect(await sightingsStore.add(unit, key.id, one)).toBe(true))
    }
    const { items } = await sightings.list(key.userId, key.id)
    expect(items.map(({ client }) => client)).toEqual(
      Array.from({ length: SIGHTINGS_KEPT }, (_, index) => `c${SIGHTINGS_KEPT + 2 - index}`),
    )
  })

  test('what a client says of itself is one harmless line', async () => {
    const made = await makeKey()
    await watch(made)
    called(made, `a\0b\r\n\u202e${'x'.repeat(1_000)}`)
    await waitUntil(async () => (await listOf(made)).length > 0, 'it is noted')
    const [{ client } = { client: null }] = await listOf(made)
    expect(client).toMatch(/^a\\u0000b\\u000d\\u000a\\u202ex+…$/)
    expect(client!.length).toBeLessThan(300)
  })

  test('a watch ends by itself; keys of others, revoked and unknown ones are not found', async () => {
    const made = await makeKey()
    const brief = await openSightings(world, 50)
    opened.push(brief)
    await brief.watch(made.key.userId, made.key.id)
    await waitUntil(
      async () => (await sightings.list(made.key.userId, made.key.id)).watchedUntil === null,
      'the watch is over',
    )
    called(made, 'Late')
    await watch(made)
    called(made, 'Later')
    await waitUntil(async () => (await listOf(made)).length > 0, 'it is noted')
    expect((await listOf(made)).map(({ client }) => client)).toEqual(['Later'])
    const stranger = await makeKey()
    await world.keys.revoke(made.key.userId, made.key.id)
    for (const [userId, id] of [
      [made.key.userId, made.key.id],
      [stranger.key.userId, made.key.id],
      [made.key.userId, stranger.key.id],
      [stranger.key.userId, 'rubbish'],
    ] as const) {
      await expect(sightings.watch(userId, id)).rejects.toMatchObject({ code: 'not_found' })
      await expect(sightings.list(userId, id)).rejects.toMatchObject({ code: 'not_found' })
    }
  })
})

test('what another replica sees is noted and told, with the notify channel cut', async () => {
  const world = await openPgWorld()
  const other = await world.replica()
  const [here, there] = [await openSightings(world), await openSightings(other)]
  const { id } = await world.users.create(HUB, { username: 'alice' })
  const { key, secret } = await world.keys.create(id, { name: 'laptop' })
  const told: string[] = []
  world.changes.subscribe('sightings', (subjects) => told.push(...(subjects ?? [])))
  await here.watch(id, key.id)
  const request = requestOf({ authorization: `Bearer ${secret.reveal().slice(0, 50)}` })
  const kinds = async () => (await here.list(id, key.id)).items.map(({ kind }) => kind)
  await waitUntil(
    async () => {
      there.turnedAway(request, refusal)
      return (await kinds()).includes('wrongKey')
    },
    'the other replica knows of the watch',
    3_000,
  )
  await waitUntil(() => told.includes(id), 'it is told here', 3_000)
  expect(await kinds()).toEqual(['wrongKey'])
  here.stop()
  there.stop()
  await world.close()
})
