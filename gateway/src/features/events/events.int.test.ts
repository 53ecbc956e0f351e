// The stream of news on real sockets: who hears of what and how soon, what is told to a page that was away, and when it ends.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildSandboxInfo } from '../../../../test/kit/hub-doubles.ts'
import { startRestHub, type RestHub } from '../../../../test/kit/rest-hub.ts'
import type { Person } from '../../../../test/kit/rest.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { HUB } from '../../../../test/kit/worlds.ts'
import { JUST_BEFORE_MS } from './news-feed.ts'

let hub: RestHub
/** what was before is not known: the hub began, or too much happened */
let knownFrom: number
let admin: Person
let alice: Person
let bob: Person
beforeAll(async () => {
  hub = await startRestHub()
  knownFrom = performance.now()
  admin = await hub.addPerson('root', 'admin')
  alice = await hub.addPerson('alice')
  bob = await hub.addPerson('bob')
})
afterAll(() => hub.stop())

interface Heard {
  readonly event: string
  readonly id: string
  readonly topics: readonly string[]
  readonly userId: string | undefined
}

interface Listened {
  readonly status: number
  readonly events: Heard[]
  readonly isOver: () => boolean
  topics(): string[]
  close(): void
}

const open: Listened[] = []

/** As a page of the hub listens: by its cookie; or as a program. */
async function listen(
  person: Person,
  lastEventId?: string,
  by: 'key' | 'session' = 'session',
  query = '',
): Promise<Listened> {
  const ending = new AbortController()
  const answer = await fetch(`${hub.url}/api/events${query}`, {
    headers: {
      ...(by === 'key'
        ? { authorization: `Bearer ${person.key}` }
        : { cookie: `mcphub_session=${person.session}`, 'sec-fetch-site': 'same-origin' }),
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: ending.signal,
  })
  const events: Listened['events'] = []
  let over = false
  const read = async (): Promise<void> => {
    let text = ''
    for await (const bytes of answer.body!.pipeThrough(new TextDecoderStream())) {
      text += bytes
      const blocks = text.split('\n\n')
      text = blocks.pop()!
      for (const block of blocks) {
        const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? ''
        if (block.startsWith(':')) continue
        const data = JSON.parse(field('data')) as { topics?: string[]; userId?: string } | null
        events.push({ event: field('event'), id: field('id'), topics: data?.topics ?? [], userId: data?.userId })
      }
    }
  }
  read()
    .catch(() => undefined)
    .finally(() => (over = true))
  const listened = {
    ...{ status: answer.status, events, isOver: () => over, close: () => ending.abort() },
    topics: () => events.flatMap(({ topics }) => topics),
  }
  open.push(listened)
  await waitUntil(() => events.length > 0 || over, 'the first event')
  return listened
}
const closeAll = (): void => {
  for (const stream of open.splice(0)) stream.close()
}
const hears = (stream: Listened, ...topics: string[]): Promise<number> =>
  waitUntil(() => topics.every((topic) => stream.topics().includes(topic)), `hears of ${topics.join()}`, 3_000)

describe('news', () => {
  afterAll(closeAll)

  test('each hears of their own, administrators of people, and nobody of another', async () => {
    const streams = { alice: await listen(alice), bob: await listen(bob), admin: await listen(admin) }
    await hub.groups.create(alice.id, { name: 'work', servers: [] })
    await hub.variables.set(alice.id, { USER_X: 'value-1234567' }).catch(() => undefined)
    await hub.world.keys.create(alice.id, { name: 'laptop' })
    await hears(streams.alice, 'groups', 'keys', 'me')
    await hears(streams.admin, 'people')
    expect(streams.bob.topics()).toEqual([])
    expect(streams.admin.topics()).not.toContain('groups')
    await hub.groups.create(bob.id, { name: 'work', servers: [] })
    await hears(streams.bob, 'groups')
    expect(streams.bob.topics()).not.toContain('people')
    expect(JSON.stringify(Object.values(streams).map(({ events }) => events))).not.toMatch(/alice|bob|work|value/)
  })

  test('of a session that its client or its person ended, its person alone and administrators', async () => {
    const streams = { alice: await listen(alice), bob: await listen(bob), admin: await listen(admin) }
    const ended = `0123456789abcdef01234567/${Date.now() + 60_000}/${alice.id}`
    await hub.world.transactor.transaction(async (unit) => unit.announce('sessions', ended))
    await hears(streams.alice, 'sessions')
    await hears(streams.admin, 'sessions')
    expect(streams.bob.topics()).toEqual([])
  })

  test('of sandboxes, of the catalogue and of new records, though nobody tells the hub', async () => {
    const streams = { alice: await listen(alice), bob: await listen(bob), admin: await listen(admin) }
    hub.sandboxes.infos.push(buildSandboxInfo({ userId: alice.id }))
    await hears(streams.alice, 'sandboxes')
    await hears(streams.admin, 'sandboxes')
    hub.catalog.set({ servers: { open: { type: 'Remote', access: 'Everyone', remote: { url: 'https://o.test' } } } })
    await hears(streams.bob, 'servers', 'tools')
    await hears(streams.admin, 'catalog')
    await hub.send('POST', '/api/keys', { key: alice.key, body: { name: 'second' } })
    await hub.activity.flush()
    await hears(streams.alice, 'activity')
    await hears(streams.admin, 'audit')
    for (const mine of ['sandboxes', 'activity', 'catalog', 'audit']) expect(streams.bob.topics()).not.toContain(mine)
  })

  test('a thousand changes are a few events', async () => {
    const stream = await listen(bob)
    const before = stream.events.length
    for (let at = 0; at < 20; at++) {
      await Promise.all(Array.from({ length: 50 }, async () => hub.catalog.set({})))
    }
    await hears(stream, 'servers')
    expect(stream.events.length - before).toBeLessThan(20)
    knownFrom = performance.now()
  })
})

test('a program hears what its person may hear now, not what they might when it began', async () => {
  const person = await hub.addPerson('rose', 'admin')
  const streams = { rose: await listen(person, undefined, 'key'), admin: await listen(admin) }
  const roleIs = (role: string) =>
    waitUntil(async () => {
      const { json } = await hub.send('GET', '/api/user/me', { key: person.key })
      return (json as { role: string }).role === role
    }, `the role is ${role}`)
  const after = (stream: Listened, from: number) => stream.events.slice(from).flatMap(({ topics }) => topics)
  /** News come in their order: what was told before this group has been heard with it. */
  const hearsAllSoFar = async (): Promise<void> => {
    const from = streams.rose.events.length
    await hub.groups.create(person.id, { name: randomUUID(), servers: [] })
    await waitUntil(() => after(streams.rose, from).includes('groups'), 'all before is heard')
  }
  const heardOfPeople = async (): Promise<boolean> => {
    await hearsAllSoFar()
    const before = [streams.rose.events.length, streams.admin.events.length] as const
    await hub.world.users.create(HUB, { username: `made-${randomUUID()}` })
    await waitUntil(() => after(streams.admin, before[1]).includes('people'), 'the administrator hears of people')
    await hub.groups.create(person.id, { name: randomUUID(), servers: [] })
    await waitUntil(() => after(streams.rose, before[0]).includes('groups'), 'the person hears of their own')
    return after(streams.rose, before[0]).includes('people')
  }
  expect(await heardOfPeople()).toBe(true)
  await hub.world.users.demote(HUB, person.id)
  await roleIs('member')
  expect(await heardOfPeople()).toBe(false)
  await hub.world.users.promote(HUB, person.id)
  await roleIs('admin')
  expect(await heardOfPeople()).toBe(true)
  expect(streams.rose.isOver()).toBe(false)
  closeAll()
})

describe('taken up again', () => {
  afterAll(closeAll)

  test('what was missed is told at once; nothing where there was nothing', async () => {
    const first = await listen(alice)
    const { id } = first.events[0]!
    expect(first.events[0]!.event).toBe('hello')
    first.close()
    await hub.groups.create(alice.id, { name: 'missed', servers: [] })
    const again = await listen(alice, id)
    expect(again.events[0]).toMatchObject({ event: 'changed', topics: expect.arrayContaining(['groups']) })
    const later = await listen(alice, again.events[0]!.id)
    expect(later.events[0]!.event).toBe('hello')
  })

  test('a page that asked before it listens is told what changed since; of what it cannot know, that', async () => {
    // a page of 200 ms, and what its question may have taken
    await waitUntil(() => performance.now() - knownFrom > JUST_BEFORE_MS + 500, 'enough is known', 10_000)
    const dana = await hub.addPerson('dana')
    // nobody listens: what nobody tells the hub was not looked at meanwhile either
    closeAll()
    await hub.groups.create(dana.id, { name: 'made while the page is loaded', servers: [] })
    hub.sandboxes.infos.push(buildSandboxInfo({ id: 'of-dana', userId: dana.id }))
    await hub.send('POST', '/api/keys', { key: dana.key, body: { name: 'laptop' } })
    await hub.activity.flush()
    const young = await listen(dana, undefined, 'session', '?pageAgeMs=200')
    await hears(young, 'groups', 'keys', 'sandboxes', 'activity')
    expect(young.events[0]).toMatchObject({ event: 'hello', userId: dana.id })
    const old = await listen(dana, undefined, 'session', '?pageAgeMs=86400000')
    await waitUntil(() => old.events.length > 1, 'the second event')
    expect(old.events.map(({ event }) => event)).toEqual(['hello', 'reset'])
    // what it heard last says more than how old it is
    const again = await listen(dana, young.events.at(-1)!.id, 'session', '?pageAgeMs=86400000')
    expect(again.events[0]!.event).toBe('hello')
    expect((await listen(dana, undefined, 'session', '?pageAgeMs=-1')).status).toBe(400)
  })

  test('by the cookie of somebody who logged in since, it resets, and whose it is is told from the start', async () => {
    const first = await listen(alice)
    const { id, userId } = first.events[0]!
    expect(userId).toBe(alice.id)
    const again = await listen(bob, id)
    expect(again.events[0]).toMatchObject({ event: 'reset', userId: undefined })
    await hub.groups.create(bob.id, { name: 'missed by nobody', servers: [] })
    await hears(again, 'groups')
    expect((await listen(alice, again.events.at(-1)!.id)).events[0]!.event).toBe('reset')
    expect((await listen(alice, id)).events[0]).toMatchObject({ event: 'hello', userId: alice.id })
  })

  test('an id of another replica, or none of ours, resets', async () => {
    for (const id of ['0123456789abcdef-1', 'rubbish', '9'.repeat(400)]) {
      const stream = await listen(alice, id)
      expect([id, stream.events[0]?.event]).toEqual([id, 'reset'])
    }
  })
})

describe('the end', () => {
  test('ID-4: a stream ends with the session, at most five seconds later', async () => {
    const carol = await hub.addPerson('carol')
    const stream = await listen(carol)
    await hub.world.users.deactivate(HUB, carol.id)
    await waitUntil(stream.isOver, 'the stream is over', 5_000)
    expect((await listen(carol)).status).toBe(401)
    closeAll()
  })

  test('a ninth stream of one person is refused, and one that ends makes room', async () => {
    const streams = await Promise.all(Array.from({ length: 8 }, () => listen(bob)))
    expect((await listen(bob)).status).toBe(429)
    streams[0]!.close()
    await waitUntil(async () => (await listen(bob)).status === 200, 'room again')
    closeAll()
  })
})
