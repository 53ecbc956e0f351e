// Two gateways on one database, and people at the console of both: what ends on one has ended on the other, and whatever two administrators do to
// each other at the same time, one remains.
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startHub, type TestHub } from '../kit/hub.ts'
import { createDatabase, type TestDatabase } from '../kit/postgres.ts'
import { until } from '../kit/wait-until.ts'

const PASSWORD = 'a-harmless-gazebo-42'

let database: TestDatabase
let one: TestHub
let two: TestHub

beforeAll(async () => {
  database = await createDatabase()
  // each of them would drop it at its end
  const shared = { url: database.url, drop: async () => undefined }
  one = await startHub({ database: shared })
  two = await startHub({ database: shared, env: { MCPHUB_KEYRING_FILE: join(one.dataDir, 'keyring.json') } })
  two.adminKey = one.adminKey
}, 60_000)

afterAll(async () => {
  await one?.stop()
  await two?.stop()
  await database?.drop()
})

/** As a page of this hub sends it; null: nobody is logged in. */
function send(hub: TestHub, method: string, path: string, session: string | null, body?: object): Promise<Response> {
  return fetch(`${hub.url}${path}`, {
    method,
    headers: {
      origin: hub.url,
      'x-mcphub-console': '1',
      ...(session === null ? {} : { cookie: `mcphub_session=${session}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

async function readSession(response: Response): Promise<string> {
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)])
  return /^mcphub_session=([^;]+)/.exec(response.headers.getSetCookie()[0] ?? '')![1]!
}

const logIn = async (hub: TestHub, username: string): Promise<string> =>
  readSession(await send(hub, 'POST', '/api/login/local', null, { username, password: PASSWORD }))

const statusOf = async (hub: TestHub, session: string): Promise<number> =>
  (await send(hub, 'GET', '/api/user/me', session)).status

/** Somebody new, with a password of their own. */
async function invite(username: string, role: string): Promise<{ readonly id: string; readonly session: string }> {
  const { id } = await one.request<{ id: string }>('POST', '/api/admin/users', { username, role })
  const { link } = await one.request<{ link: string }>('POST', `/api/admin/users/${id}/invite`)
  const token = new URL(link).hash.replace('#token=', '')
  const session = await readSession(await send(two, 'POST', '/api/login/link', null, { token, password: PASSWORD }))
  return { id, session }
}

test('CON-5: ID-4: a role change, a log-out and a deactivation end sessions on the other replica within 5 s', async () => {
  const person = await invite('carol', 'member')
  expect([await statusOf(one, person.session), await statusOf(two, person.session)]).toEqual([200, 200])
  const acts = [
    () => one.request('PUT', `/api/admin/users/${person.id}/role`, { role: 'auditor' }),
    (session: string) => send(one, 'POST', '/api/logout', session),
    () => one.request('PUT', `/api/admin/users/${person.id}/active`, { active: false }),
  ]
  let { session } = person
  for (const act of acts) {
    expect([await statusOf(one, session), await statusOf(two, session)]).toEqual([200, 200])
    await act(session)
    expect(await statusOf(one, session)).toBe(401)
    await until(async () => expect(await statusOf(two, session)).toBe(401), 5000)
    if (act !== acts.at(-1)) session = await logIn(two, 'carol')
  }
  expect((await send(two, 'POST', '/api/login/local', null, { username: 'carol', password: PASSWORD })).status).toBe(
    401,
  )
}, 60_000)

test('CON-5: a session opens the console alone: for MCP neither its cookie nor its token is a key', async () => {
  const { session } = await invite('dora', 'member')
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  for (const headers of [{ cookie: `mcphub_session=${session}` }, { authorization: `Bearer ${session}` }]) {
    const answer = await fetch(`${one.url}/mcp`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify(call),
    })
    expect(answer.status).toBe(401)
  }
  expect((await fetch(`${one.url}/mcp?key=${session}`, { headers: { accept: 'text/event-stream' } })).status).toBe(401)
}, 30_000)

test('CON-7: 200 rounds on two gateways leave an administrator, by key and by console session', async () => {
  const [anna, ben] = [await invite('anna', 'admin'), await invite('ben', 'admin')]
  const root = await one.request<{ id: string }>('GET', '/api/user/me')
  const keyOf = async ({ id }: { id: string }): Promise<string> =>
    (await one.request<{ key: string }>('POST', `/api/admin/users/${id}/keys`, { name: 'k' })).key
  const keys = { anna: await keyOf(anna), ben: await keyOf(ben) }
  // of the two nobody else may decide
  await one.request('PUT', `/api/admin/users/${root.id}/role`, { role: 'member' }, keys.anna)
  const demote = (hub: TestHub, id: string, by: string, isKey: boolean): Promise<Response> => {
    const path = `/api/admin/users/${id}/role`
    if (!isKey) return send(hub, 'PUT', path, by, { role: 'member' })
    const headers = { authorization: `Bearer ${by}`, 'content-type': 'application/json' }
    return fetch(`${hub.url}${path}`, { method: 'PUT', headers, body: JSON.stringify({ role: 'member' }) })
  }
  const admins = async (key: string): Promise<string[]> => {
    const { items } = await one.request<{ items: { username: string; role: string }[] }>(
      'GET',
      '/api/admin/users/list',
      undefined,
      key,
    )
    return items.filter(({ role }) => role === 'admin').map(({ username }) => username)
  }
  let both = 0
  for (let round = 0; round < 200; round++) {
    const isKey = round % 10 !== 0
    const by = isKey ? keys : { anna: await logIn(one, 'anna'), ben: await logIn(two, 'ben') }
    const answers = await Promise.all([demote(one, ben.id, by.anna, isKey), demote(two, anna.id, by.ben, isKey)])
    const statuses = answers.map(({ status }) => status)
    // one of them wins; the other was the last administrator by then, or none any more
    expect([round, statuses.filter((status) => status === 200)]).toEqual([round, [200]])
    both += statuses.includes(409) ? 1 : 0
    const winner = statuses[0] === 200 ? 'anna' : 'ben'
    expect(await admins(keys[winner])).toEqual([winner])
    const loser = winner === 'anna' ? ben : anna
    await one.request('PUT', `/api/admin/users/${loser.id}/role`, { role: 'admin' }, keys[winner])
    // the other gateway knows it before the next round begins
    await until(async () => expect((await admins(keys[winner === 'anna' ? 'ben' : 'anna'])).length).toBe(2), 5000)
  }
  // the two did meet: else nothing was shown
  expect(both).toBeGreaterThan(0)
}, 120_000)

test('R6-3: what one replica sees of a key that is watched at the other is told there', async () => {
  const { id, key } = await one.request<{ id: string; key: string }>('POST', '/api/keys', { name: 'watched' })
  await one.request('POST', `/api/keys/${id}/watch`)
  const call = (presented: string, path: string): Promise<Response> =>
    fetch(`${two.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${presented}`, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    })
  for (const [presented, path, status, kind] of [
    [key.slice(0, 60), '/mcp', 401, 'wrongKey'],
    [key, '/mpc', 404, 'wrongPath'],
    [key, '/mcp', 200, 'call'],
    [key, '/mcp/nothing', 404, 'wrongPath'],
  ] as const) {
    await until(async () => {
      expect((await call(presented, path)).status).toBe(status)
      const { items } = await one.request<{ items: { kind: string }[] }>('GET', `/api/keys/${id}/sightings`)
      expect(items[0]?.kind).toBe(kind)
    }, 5000)
  }
})
