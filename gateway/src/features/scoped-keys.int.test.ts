// What a key that is limited to some servers reads of its person: what concerns those, or was done with it.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildSandboxInfo, buildSession } from '../../../test/kit/hub-doubles.ts'
import type { Person } from '../../../test/kit/rest.ts'
import { type RestHub, startRestHub } from '../../../test/kit/rest-hub.ts'

let hub: RestHub
let admin: Person
let alice: Person

const stdio = (env: readonly string[]) => ({
  package: { npm: { name: 'pkg', version: '1.0.0' } },
  env: env.map((value, index) => ({ name: `V${index}`, value })),
})

beforeAll(async () => {
  hub = await startRestHub()
  admin = await hub.addPerson('root', 'admin')
  alice = await hub.addPerson('alice')
})
afterAll(() => hub.stop())
beforeEach(() => {
  hub.catalog.set({
    servers: {
      open: { type: 'Stdio', access: 'Everyone', riskLevel: 'Low', stdio: stdio([]) },
      mail: { type: 'Stdio', access: 'Everyone', stdio: stdio(['${USER_MAIL}']) },
    },
  })
})

const get = async <T>(path: string, person: Person): Promise<T> => {
  const answer = await hub.send('GET', path, { key: person.key })
  expect([path, answer.status, answer.text]).toEqual([path, 200, answer.text])
  return answer.json as T
}

interface Items<T> {
  readonly items: readonly T[]
}

test('a key for some servers sees those alone, changes nothing and cannot make a wider one', async () => {
  const body = { name: 'narrow', scope: { servers: ['open'] } }
  const { key } = (await hub.send('POST', '/api/keys', { key: alice.key, body })).json as { key: string }
  const { items } = await get<Items<{ name: string }>>('/api/servers', { ...alice, key })
  expect(items.map((item) => item.name)).toEqual(['open'])
  expect((await hub.send('POST', '/api/keys', { key, body: { name: 'wide' } })).status).toBe(403)
  expect(
    (
      await hub.send('POST', '/api/keys', {
        key: alice.key,
        body: { name: 'old', expiresAt: '2020-01-01T00:00:00Z' },
      })
    ).status,
  ).toBe(400)
})

test('a key for a group reads what the group has at the time, and nothing once it is gone', async () => {
  const erin = await hub.addPerson('erin')
  const group = await hub.groups.create(erin.id, { name: 'work', servers: ['mail'], active: false })
  const body = { name: 'grouped', scope: { groupId: group.id } }
  const made = await hub.send('POST', '/api/keys', { key: erin.key, body })
  const { key, scope } = made.json as { key: string; scope: unknown }
  expect(scope).toEqual({ servers: ['mail'], group: { id: group.id, name: 'work' } })
  const grouped = { ...erin, key }
  const seen = async () => (await get<Items<{ name: string }>>('/api/servers', grouped)).items.map(({ name }) => name)
  expect(await seen()).toEqual(['mail'])
  await hub.groups.update(erin.id, group.id, { name: 'renamed', servers: ['open', 'none'] })
  expect(await seen()).toEqual(['open'])
  const me = await get<{ key: { scope: unknown } }>('/api/user/me', grouped)
  expect(me.key.scope).toEqual({ servers: ['open', 'none'], group: { id: group.id, name: 'renamed' } })
  for (const [method, path] of [
    ['POST', '/api/keys'],
    ['GET', '/api/keys'],
    ['GET', '/api/user/groups'],
  ] as const) {
    const sent = method === 'POST' ? { key, body: { name: 'wide' } } : { key }
    expect((await hub.send(method, path, sent)).status).toBe(403)
  }
  await hub.groups.remove(erin.id, group.id)
  expect(await seen()).toEqual([])
  const { items } = await get<Items<{ name: string; scope: unknown }>>('/api/keys', erin)
  expect(items.find(({ name }) => name === 'grouped')!.scope).toEqual({
    servers: [],
    group: { id: group.id, name: null },
  })
  const why = await get<{ cause: string }>(`/api/tools/explain?tool=open`, grouped)
  expect(why.cause).toBe('keyGroupGone')
})

test('a watched key tells how many tools it shows, by its own scope', async () => {
  const fred = await hub.addPerson('fred')
  hub.discoveries.put('open', null, ['one', 'two'])
  hub.discoveries.put('mail', null, ['three'])
  const group = await hub.groups.create(fred.id, { name: 'work', servers: ['mail'], active: false })
  const countOf = async (scope: object | undefined): Promise<unknown> => {
    const body = { name: 'n', ...(scope && { scope }) }
    const { id } = (await hub.send('POST', '/api/keys', { key: fred.key, body })).json as { id: string }
    const watched = await hub.send('POST', `/api/keys/${id}/watch`, { key: fred.key })
    const { watchedUntil } = watched.json as { watchedUntil: string }
    const listed = await get<{ watchedUntil: string; toolCount: number }>(`/api/keys/${id}/sightings`, fred)
    expect(listed).toMatchObject({ items: [], watchedUntil })
    return listed.toolCount
  }
  // a group that is off hides everything from who is asked for no group
  expect(await countOf(undefined)).toBe(0)
  expect(await countOf({ groupId: group.id })).toBe(1)
  await hub.groups.remove(fred.id, group.id)
  expect(await countOf(undefined)).toBe(3)
  expect(await countOf({ servers: ['open'] })).toBe(2)
})

test('CON-6: a key for some servers reads of its person what concerns those, or was done with it', async () => {
  const dora = await hub.addPerson('dora')
  hub.catalog.set({
    servers: {
      own: { type: 'Stdio', access: 'Everyone', stdio: stdio(['${USER_OWN}']) },
      other: { type: 'Stdio', access: 'Everyone', stdio: stdio(['${USER_OTHER}']) },
    },
  })
  await hub.variables.set(dora.id, { USER_OWN: 'value-of-own', USER_OTHER: 'value-of-other', USER_FREE: 'of-none' })
  const scope = { servers: ['own'] }
  const made = await hub.send('POST', '/api/keys', { key: dora.key, body: { name: 'narrow', scope } })
  const { key, id: keyId } = made.json as { key: string; id: string }
  const narrow = { ...dora, key, keyId }
  const [mine, theirs] = [dora, narrow].map(({ keyId: by }) => buildSession({ userId: dora.id, keyId: by }))
  hub.sessions.splice(0, Infinity, mine!, theirs!)
  await hub.send('POST', '/api/keys', { key, body: { name: 'wide' } })
  await hub.activity.flush()

  const namesOf = async (path: string, who: Person) =>
    (await get<Items<{ name: string }>>(path, who)).items.map(({ name }) => name)
  expect(await namesOf('/api/user-env-vars', narrow)).toEqual(['USER_OWN'])
  expect(await namesOf('/api/user-env-vars', dora)).toEqual(['USER_FREE', 'USER_OTHER', 'USER_OWN'])
  const keysIn = async (path: string, who: Person) =>
    new Set((await get<Items<{ keyId: string }>>(path, who)).items.map((item) => item.keyId))
  expect(await keysIn('/api/sessions', narrow)).toEqual(new Set([keyId]))
  expect(await keysIn('/api/activity', narrow)).toEqual(new Set([keyId]))
  expect(await keysIn('/api/sessions', dora)).toEqual(new Set([dora.keyId, keyId]))
  expect(await keysIn('/api/activity', dora)).toEqual(new Set([dora.keyId, keyId]))
  for (const path of ['/api/keys', '/api/user/groups']) {
    const answer = await hub.send('GET', path, { key })
    expect([answer.status, answer.problem.detail]).toEqual([403, expect.stringContaining('limited to some servers')])
  }
})

test('a key that is limited to some servers sees no sandbox of another', async () => {
  const box = buildSandboxInfo({ userId: alice.id, username: 'alice', server: 'hub-test-other' })
  hub.sandboxes.infos.splice(0, Infinity, box)
  const made = await hub.send('POST', '/api/keys', {
    key: alice.key,
    body: { name: 'narrow', scope: { servers: ['open'] } },
  })
  const narrow = { key: (made.json as { key: string }).key }
  expect(made.status).toBe(201)
  expect((await hub.send('GET', '/api/sandboxes', narrow)).json).toMatchObject({ items: [] })
  expect((await hub.send('GET', `/api/sandboxes/${box.id}/logs`, narrow)).status).toBe(404)
  expect((await hub.send('GET', `/api/sandboxes/${box.id}/logs`, { key: alice.key })).status).toBe(200)
})

test("CON-6: an administrator's key for some servers reads nothing of others", async () => {
  const body = { name: 'narrow', scope: { servers: ['open'] } }
  const { key } = (await hub.send('POST', '/api/keys', { key: admin.key, body })).json as { key: string }
  const shared = buildSandboxInfo({ userId: null })
  hub.sandboxes.infos.splice(0, Infinity, shared)
  for (const path of [`/api/sandboxes/${shared.id}/logs`, '/api/tools/explain?tool=open&user=alice']) {
    expect((await hub.send('GET', path, { key: admin.key })).status).toBe(200)
    expect((await hub.send('GET', path, { key })).status).toBe(404)
  }
})
