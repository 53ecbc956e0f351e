// What an administrator's page about one person is made of: what would go with them, what runs for them, what the organisation still lacks.
import type { OrgVariableListResponse, UserDetailResponse } from '@mcphub/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildSandboxInfo, buildSession } from '../../../../test/kit/hub-doubles.ts'
import type { Person } from '../../../../test/kit/rest.ts'
import { type RestHub, startRestHub } from '../../../../test/kit/rest-hub.ts'

let hub: RestHub
let admin: Person
let minsu: Person
let other: Person
beforeAll(async () => {
  hub = await startRestHub()
  admin = await hub.addPerson('root', 'admin')
  minsu = await hub.addPerson('minsu')
  other = await hub.addPerson('other')
})
afterAll(() => hub.stop())

const get = async <T>(path: string): Promise<T> => (await hub.send('GET', path, { session: admin.session })).json as T
const remote = (header: string) => ({
  type: 'Remote',
  access: 'Everyone',
  remote: { url: 'https://x.test/mcp', headers: [{ name: 'Authorization', value: header }] },
})

test('one person: how much would go with them', async () => {
  hub.catalog.set({ servers: { mail: remote('Bearer ${USER_MAIL}') } })
  const detail = () => get<UserDetailResponse>(`/api/admin/users/${minsu.id}`)
  expect((await detail()).counts).toEqual({ keys: 1, consoleSessions: 1, variables: 0, personalGroups: 0 })
  await hub.variables.set(minsu.id, { USER_MAIL: 'a-value-of-minsu' })
  await hub.groups.create(minsu.id, { name: 'work', servers: [] })
  await hub.groups.create(other.id, { name: 'work', servers: [] })
  expect((await detail()).counts).toEqual({ keys: 1, consoleSessions: 1, variables: 1, personalGroups: 1 })
})

test('sessions and sandboxes of one person alone, or of everybody', async () => {
  const of = ({ id: userId, username, keyId }: Person) => ({ userId, username, keyId })
  hub.sessions.splice(0, Infinity, buildSession(of(minsu)), buildSession(of(other)))
  hub.sandboxes.infos.splice(0, Infinity, buildSandboxInfo(of(minsu)), buildSandboxInfo(of(other)))
  for (const path of ['/api/admin/sessions', '/api/admin/sandboxes']) {
    const ids = async (query: string) =>
      (await get<{ items: { userId: string }[] }>(path + query)).items.map(({ userId }) => userId)
    expect(await ids(`?userId=${minsu.id}`)).toEqual([minsu.id])
    expect(new Set(await ids(''))).toEqual(new Set([minsu.id, other.id]))
    expect((await hub.send('GET', `${path}?userId=minsu`, { session: admin.session })).status).toBe(400)
  }
})

test("an administrator's end of what runs for somebody else says in the audit whose it was", async () => {
  const of = ({ id: userId, username, keyId }: Person) => ({ userId, username, keyId })
  const [session, box] = [buildSession(of(minsu)), buildSandboxInfo(of(minsu))]
  hub.sessions.splice(0, Infinity, session)
  hub.sandboxes.infos.splice(0, Infinity, box)
  hub.records.length = 0
  for (const path of [`/api/sessions/${session.id}`, `/api/sandboxes/${box.id}`])
    expect((await hub.send('DELETE', path, { session: admin.session })).status).toBe(204)
  expect(hub.records.map(({ detail }) => detail)).toMatchObject([
    { before: { session: session.id, userId: minsu.id }, after: null },
    { before: { sandbox: box.id, userId: minsu.id, server: 'files' }, after: null },
  ])
})

test('organisation variables: what servers name and nobody has set, with the servers that wait for it', async () => {
  hub.catalog.set({
    servers: {
      wiki: remote('Bearer ${ORG_TOKEN}'),
      mail: remote('${ORG_TOKEN} ${ORG_MAIL}'),
      open: remote('none'),
    },
  })
  const list = () => get<OrgVariableListResponse>('/api/admin/org-vars')
  expect(await list()).toEqual({
    items: [],
    missing: [
      { name: 'ORG_MAIL', servers: ['mail'] },
      { name: 'ORG_TOKEN', servers: ['wiki', 'mail'] },
    ],
  })
  await hub.variables.setOrg({ ORG_TOKEN: 'a-value-of-all' })
  expect(await list()).toMatchObject({
    items: [{ name: 'ORG_TOKEN', servers: ['wiki', 'mail'] }],
    missing: [{ name: 'ORG_MAIL', servers: ['mail'] }],
  })
})
