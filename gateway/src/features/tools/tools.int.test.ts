// The search among tools and the answer to "why not?" through the REST API: of one's own, page by page, for a key or a session.
import type { ExplainResponse, ToolPageResponse } from '@mcphub/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildSession } from '../../../../test/kit/hub-doubles.ts'
import type { Person } from '../../../../test/kit/rest.ts'
import { type RestHub, startRestHub } from '../../../../test/kit/rest-hub.ts'

let hub: RestHub
let alice: Person
let bob: Person

beforeAll(async () => {
  hub = await startRestHub()
  alice = await hub.addPerson('alice')
  bob = await hub.addPerson('bob')
  const remote = { type: 'Remote', remote: { url: 'https://x.example.test' } }
  hub.catalog.set({
    servers: { mail: { ...remote, tools: { deny: ['purge'] } }, files: remote, off: { ...remote, enabled: false } },
    groups: { alices: { members: { users: ['alice'] }, servers: ['mail', 'files', 'off'] } },
  })
  hub.discoveries.put('mail', null, ['send', 'purge', 'list_letters'])
  hub.discoveries.put('files', null, ['read', 'write'])
  hub.discoveries.put('off', null, ['send'])
})
afterAll(() => hub.stop())

async function get<T>(person: Person, path: string): Promise<T> {
  const answer = await hub.send('GET', path, { key: person.key })
  expect([answer.status, answer.text]).toEqual([200, answer.text])
  return answer.json as T
}

describe('the search', () => {
  const namesOf = ({ items }: ToolPageResponse) => items.map(({ name }) => name)

  test('finds what one may use, whatever personal groups show, and nothing of others', async () => {
    expect(namesOf(await get(alice, '/api/tools/search'))).toEqual([
      'files__read',
      'files__write',
      'mail__list_letters',
      'mail__send',
    ])
    expect(namesOf(await get(alice, '/api/tools/search?q=SEND'))).toEqual(['mail__send'])
    expect(namesOf(await get(alice, '/api/tools/search?server=files'))).toEqual(['files__read', 'files__write'])
    expect(await get(bob, '/api/tools/search?q=send')).toEqual({ items: [], nextCursor: null, total: 0 })
  })

  test('goes on where the page before ended', async () => {
    const first = await get<ToolPageResponse>(alice, '/api/tools/search?limit=3')
    expect([first.items.length, first.total]).toEqual([3, 4])
    const rest = await get<ToolPageResponse>(alice, `/api/tools/search?limit=3&cursor=${first.nextCursor}`)
    expect([namesOf(rest), rest.nextCursor, rest.total]).toEqual([['mail__send'], null, 4])
    const wrong = await hub.send('GET', '/api/tools/search?cursor=x', { key: alice.key })
    expect([wrong.status, wrong.problem.faults?.map(({ field }) => field)]).toEqual([400, ['cursor']])
  })
})

describe('why not', () => {
  test('as one of one’s keys sees it, or the client of a session', async () => {
    const { key } = await hub.world.keys.create(alice.id, { name: 'files only', scope: { servers: ['files'] } })
    const asked = await get<ExplainResponse>(alice, `/api/tools/explain?tool=mail__send&forKey=${key.id}`)
    expect(asked).toMatchObject({ visible: false, cause: 'keyScope', fix: { kind: 'widenKey', target: 'mail' } })
    const session = buildSession({ userId: alice.id, keyId: key.id })
    hub.sessions.push(session)
    expect(await get(alice, `/api/tools/explain?tool=mail__send&session=${session.id}`)).toMatchObject({
      cause: 'keyScope',
    })
    expect(await get(alice, '/api/tools/explain?tool=mail__send')).toMatchObject({ visible: true, cause: null })
    for (const of of [`forKey=${key.id}`, `session=${session.id}`]) {
      expect((await hub.send('GET', `/api/tools/explain?tool=mail__send&${of}`, { key: bob.key })).status).toBe(404)
    }
  })

  test('a personal group that has the server is named', async () => {
    const group = await hub.groups.create(alice.id, { name: 'Post', servers: ['mail'], active: false })
    try {
      expect(await get(alice, '/api/tools/explain?tool=mail__send')).toMatchObject({
        cause: 'groupOff',
        params: { server: 'mail', groups: ['Post'] },
        fix: { kind: 'turnGroupOn', target: 'Post' },
      })
      // what one may use is searched all the same
      expect(await get(alice, '/api/tools/search?q=send')).toMatchObject({ total: 1 })
    } finally {
      await hub.groups.remove(alice.id, group.id)
    }
  })
})
