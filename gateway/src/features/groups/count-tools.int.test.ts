// How many tools a group brings and an editor gets, as the list of groups tells it: what is entitled, known and not held back, and nothing else.
import type { GroupListResponse, GroupResponse } from '@mcphub/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRestHub, type RestHub } from '../../../../test/kit/rest-hub.ts'
import type { Person } from '../../../../test/kit/rest.ts'

let hub: RestHub
let alice: Person
beforeAll(async () => {
  hub = await startRestHub()
  alice = await hub.addPerson('alice')
  await hub.addPerson('bob')
  const remote = (name: string, more: object = {}): object => ({
    ...{ type: 'Remote', access: 'Everyone', remote: { url: `https://${name}.test` } },
    ...more,
  })
  hub.catalog.set({
    servers: {
      mail: remote('mail', { tools: { deny: ['denied'] } }),
      wiki: remote('wiki'),
      quiet: remote('quiet'),
      off: remote('off', { enabled: false }),
      foreign: remote('foreign', { access: 'Groups' }),
    },
    groups: { others: { members: { users: ['bob'] }, servers: ['foreign'] } },
  })
  hub.discoveries.put('mail', null, ['one', 'two', 'denied'])
  hub.discoveries.put('wiki', null, tools(50))
  hub.discoveries.put('off', null, tools(5))
  hub.discoveries.put('foreign', null, tools(7))
})
afterAll(() => hub.stop())

const tools = (count: number): string[] => Array.from({ length: count }, (_, index) => `tool-${index}`)
const list = async (): Promise<GroupListResponse> =>
  (await hub.send('GET', '/api/user/groups', { key: alice.key })).json as GroupListResponse

test('without a group: of all servers; with one: of the active ones together, each told by itself', async () => {
  expect(await list()).toEqual({ items: [], visible: { tools: 52, warning: 40 } })
  const body = { name: 'letters', servers: ['mail', 'off', 'foreign', 'unknown', 'quiet'] }
  const made = await hub.send('POST', '/api/user/groups', { key: alice.key, body })
  expect(made.json).toMatchObject({ toolCount: 2 } satisfies Partial<GroupResponse>)
  expect((await list()).visible).toEqual({ tools: 2, warning: null })
  await hub.groups.create(alice.id, { name: 'pages', servers: ['wiki', 'mail'] })
  expect(await list()).toMatchObject({
    items: [
      { name: 'letters', toolCount: 2 },
      { name: 'pages', toolCount: 52 },
    ],
    visible: { tools: 52, warning: 40 },
  })
  const off = await hub.groups.list(alice.id)
  for (const { id } of off) await hub.groups.setActive(alice.id, id, false)
  expect(await list()).toMatchObject({
    items: [
      { active: false, toolCount: 2 },
      { active: false, toolCount: 52 },
    ],
    visible: { tools: 0, warning: null },
  })
})

test.each([
  [39, null],
  [40, 40],
  [79, 40],
  [80, 80],
  [127, 80],
  [128, 128],
  [500, 128],
])('%d tools reach the bound %j', async (count, warning) => {
  for (const { id } of await hub.groups.list(alice.id)) await hub.groups.remove(alice.id, id)
  await hub.groups.create(alice.id, { name: 'pages', servers: ['wiki'] })
  hub.discoveries.put('wiki', null, tools(count))
  expect((await list()).visible).toEqual({ tools: count, warning })
})
