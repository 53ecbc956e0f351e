// What the binder does for every route alike, on real sockets with real keys; a few handlers stand for all.
import { once } from 'node:events'
import { BODY_SIZES, HubError, ROUTE_LIST, type RouteId } from '@mcphub/api'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Person, type TestRest, startRest } from '../../../test/kit/rest.ts'
import { HUB, openFakeWorld } from '../../../test/kit/worlds.ts'
import { waitUntil } from '../../../test/kit/wait-until.ts'
import { type Call, type Handlers, bindRoutes } from './route.ts'

const world = openFakeWorld()
const seen: { readonly id: RouteId; readonly call: Call<'createGroup'> }[] = []
let behave: (id: RouteId, call: Call<'createGroup'>) => unknown = () => undefined

/** Every route ends here; `behave` says what it answers. */
const handlers = Object.fromEntries(
  ROUTE_LIST.map(({ id }) => [
    id,
    (call: Call<'createGroup'>) => {
      seen.push({ id, call })
      return behave(id, call)
    },
  ]),
) as unknown as Handlers

const GROUP = {
  id: '00000000-0000-4000-8000-000000000001',
  name: 'work',
  description: null,
  servers: [],
  active: true,
  toolCount: 0,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
}
const CANARY = 'canary-91f2'

let rest: TestRest
let alice: Person
let admin: Person

beforeAll(async () => {
  rest = await startRest(world, (deps) => bindRoutes(deps, handlers))
  alice = await rest.addPerson('alice')
  admin = await rest.addPerson('root', 'admin')
})
afterAll(() => rest.stop())
beforeEach(() => {
  seen.length = 0
  rest.records.length = 0
  behave = () => GROUP
})

const concrete = (path: string) => path.replaceAll(/:\w+/g, GROUP.id)
const valid = { name: 'work', servers: [] }

describe('every route', () => {
  test.each(ROUTE_LIST.filter((route) => route.permission !== 'public').map((route) => [route.id, route] as const))(
    'ID-1: %s without, with a malformed, unknown or foreign credential is the same 401 and reaches no handler',
    async (_id, route) => {
      const unknown = `mcphub_${'0'.repeat(64)}`
      const attempts = [
        {},
        { key: '' },
        { key: 'garbage' },
        { key: unknown },
        { key: `${alice.key}0` },
        { key: alice.key.toUpperCase() },
        { headers: { authorization: `Basic ${Buffer.from(`alice:${alice.key}`).toString('base64')}` } },
        { headers: { authorization: alice.key } },
        { headers: { authorization: `Bearer ${alice.key} ${admin.key}` } },
        { headers: { 'x-api-key': alice.key, cookie: `key=${alice.key}` } },
      ]
      const details = new Set<string>()
      for (const attempt of attempts) {
        const answer = await rest.send(route.method, concrete(route.path), attempt)
        expect(answer.status).toBe(401)
        expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="mcphub"')
        details.add(`${answer.problem.title} ${answer.problem.detail}`)
      }
      expect([...details]).toHaveLength(1)
      // REST refuses ?key=, so nothing may send anybody there
      expect([...details][0]).toMatch(/present a valid hub key as Authorization: Bearer$/)
      expect(seen).toEqual([])
    },
  )

  test('ID-3: ?key= is refused everywhere, also a valid one, and stands in no log, answer, metric or record', async () => {
    for (const route of ROUTE_LIST) {
      for (const name of ['key', 'k%65y']) {
        const answer = await rest.send(route.method, `${concrete(route.path)}?${name}=${alice.key}`, { key: alice.key })
        expect([route.id, answer.status]).toEqual([route.id, 401])
        expect(answer.text).not.toContain(alice.key)
        expect(JSON.stringify([...answer.headers])).not.toContain(alice.key)
      }
    }
    expect(seen).toEqual([])
    const everything = rest.lines.join('') + JSON.stringify(rest.records) + (await rest.metricsText())
    expect(everything).not.toContain(alice.key)
    expect(everything).not.toContain(alice.username)
  })

  test('admin routes refuse a member and a scoped key before anything of the call is parsed', async () => {
    const scoped = await rest.addPerson('scoped-root', 'admin', ['files'])
    for (const route of ROUTE_LIST.filter((one) => one.permission === 'admin' || one.permission === 'audit')) {
      for (const key of [alice.key, scoped.key]) {
        const answer = await rest.send(route.method, route.path, { key, ...(route.body ? { raw: '{broken' } : {}) })
        expect([route.id, answer.status, answer.problem.code]).toEqual([route.id, 403, 'forbidden'])
      }
    }
    expect(seen).toEqual([])
  })

  test('CON-1: a changing route refuses foreign pages, and takes JSON alone', async () => {
    for (const route of ROUTE_LIST.filter((one) => one.method !== 'GET')) {
      const send = (headers: Record<string, string>) =>
        rest.send(route.method, concrete(route.path), { key: admin.key, body: valid, headers })
      for (const origin of ['http://evil.example', 'null']) expect((await send({ origin })).status).toBe(403)
      expect((await send({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
      expect(seen).toEqual([])
      if (!route.body || route.bodyType === 'form') continue
      const types = [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'application/json; charset=euc-kr',
        'application/jsonp',
      ]
      for (const type of types) {
        // a key is refused on some of them before anything is parsed
        const { session } = admin
        const sent = { session, body: valid, headers: { 'content-type': type } }
        expect((await rest.send(route.method, concrete(route.path), sent)).status).toBe(415)
      }
      expect(seen).toEqual([])
    }
  })

  test('CON-1: no header or query makes one method count as another', async () => {
    const headers = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' }
    behave = () => ({ items: [] })
    expect((await rest.send('GET', '/api/keys?_method=DELETE', { key: alice.key, headers })).status).toBe(200)
    expect(seen.map(({ id }) => id)).toEqual(['listKeys'])
  })

  test('unknown paths are 404 and wrong methods 405 with Allow, as problem documents', async () => {
    const unknown = [
      '/api',
      '/api/',
      '/api/nope',
      '/api/keys/',
      '/API/keys',
      '/api//keys',
      '/api/keys/%ZZ',
      '/api/keys/a/b',
    ]
    for (const path of [...unknown, '/api/user/../keys/x/y', '/api/__proto__', '/api/constructor']) {
      const answer = await rest.send('GET', path, { key: alice.key })
      expect([path, answer.status]).toEqual([
        path,
        path.includes('..') || path === '/api/keys/%ZZ' ? answer.status : 404,
      ])
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(answer.problem.requestId).toMatch(/^[0-9a-f-]{36}$/)
    }
    for (const path of new Set(ROUTE_LIST.map((route) => route.path))) {
      const known = ROUTE_LIST.filter((route) => route.path === path).map((route) => route.method as string)
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((one) => !known.includes(one))) {
        const answer = await rest.send(method, concrete(path), { key: admin.key })
        expect([path, method, answer.status]).toEqual([path, method, 405])
        for (const one of known) expect(answer.headers.get('allow')?.split(', ')).toContain(one)
      }
    }
    for (const route of ROUTE_LIST.filter(
      (one) => one.method === 'GET' && /events|download|redirect/.test(one.answer ?? ''),
    )) {
      const answer = await rest.send('HEAD', concrete(route.path), { key: admin.key })
      expect([route.id, answer.status]).toEqual([route.id, 405])
    }
    const head = await rest.send('HEAD', '/api/keys', { key: alice.key })
    expect([head.status, head.text]).toEqual([500, ''])
    expect(seen.map(({ id }) => id)).toEqual(['listKeys'])
  })

  test('CON-8: every answer forbids caching, sniffing and framing, and says nothing of the program', async () => {
    const answers = [
      await rest.send('GET', '/api/user/groups', { key: alice.key }),
      await rest.send('POST', '/api/user/groups', { key: alice.key, body: valid }),
      await rest.send('GET', '/api/nope'),
      await rest.send('GET', '/api/keys'),
    ]
    for (const { headers } of answers) {
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'")
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
      expect(headers.get('x-powered-by')).toBeNull()
    }
  })
})

describe('a call', () => {
  test('reaches its handler with parsed parts, and its answer holds what the contract names and nothing else', async () => {
    behave = () => ({ ...GROUP, ownerId: alice.id, sealed: CANARY })
    const path = '/api/user/groups'
    const answer = await rest.send('POST', path, { key: alice.key, body: { name: '  일  ', servers: ['files'] } })
    expect([answer.status, answer.json]).toEqual([201, GROUP])
    expect(seen[0]?.call).toMatchObject({ body: { name: '일', servers: ['files'], active: true } })
    expect(seen[0]?.call.principal).toMatchObject({ userId: alice.id, keyId: alice.keyId })
  })

  test('an answer that lacks what its contract promises is our fault, and the log names the field alone', async () => {
    behave = () => ({ ...GROUP, name: 7, createdAt: CANARY })
    const answer = await rest.send('POST', '/api/user/groups', { key: alice.key, body: valid })
    expect([answer.status, answer.problem.detail]).toEqual([500, 'Internal error'])
    expect(rest.lines.at(-1)).toContain('createGroup answers name, createdAt')
    expect(rest.lines.join('') + answer.text).not.toContain(CANARY)
  })

  test('all faults of path, query and body are named at once, without their values', async () => {
    const body = { name: CANARY.repeat(20), servers: ['Not A Name', 3], isAdmin: true, extra: CANARY }
    const answer = await rest.send('PUT', `/api/user/groups/${CANARY}`, { key: alice.key, body })
    expect([answer.status, answer.problem.code]).toEqual([400, 'invalid_params'])
    const fields = answer.problem.faults?.map((fault) => fault.field)
    expect(fields).toEqual(expect.arrayContaining(['id', 'name', 'servers[0]', 'servers[1]', 'isAdmin', 'extra']))
    expect(answer.text).not.toContain(CANARY)
    const query = await rest.send('GET', '/api/activity?limit=0&limit=5&unknown=1', { key: alice.key })
    expect(query.problem.faults?.map((fault) => fault.field).sort()).toEqual(['limit', 'unknown'])
    expect(seen).toEqual([])
  })

  test('GW-6: bodies that are no sound JSON are 400, the process lives, nothing reaches a handler', async () => {
    const bodies: (string | Buffer)[] = [
      '',
      '{',
      'null',
      '[]',
      '7',
      '"x"',
      '{"name":"a","name":"b","servers":[]}',
      '{"name":"a","servers":[],"__proto__":{"x":1}}',
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      Buffer.from([0xef, 0xbb, 0xbf, ...Buffer.from(JSON.stringify(valid))]),
      Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff, 0xfe]), Buffer.from('","servers":[]}')]),
      `{"name":"a","servers":[]} x`,
    ]
    for (const raw of bodies) {
      const answer = await rest.send('POST', '/api/user/groups', { key: alice.key, raw })
      expect([String(raw).slice(0, 40), answer.status]).toEqual([String(raw).slice(0, 40), 400])
    }
    expect(seen).toEqual([])
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  test('GW-7: a body that is too long is 413 by its declared or its real length; a compressed one 415; an empty length 400', async () => {
    const head = (lines: readonly string[]) =>
      [
        'POST /api/user/groups HTTP/1.1',
        'host: localhost',
        `authorization: Bearer ${alice.key}`,
        'content-type: application/json',
        ...lines,
        '',
        '',
      ].join('\r\n')
    const declared = await rest.sendRaw(head([`content-length: ${BODY_SIZES.large.bytes + 1}`]))
    expect(declared).toMatch(/^HTTP\/1\.1 413 /)
    expect(declared).toMatch(/connection: close/i)
    const chunk = `100000\r\n${'a'.repeat(0x100000)}\r\n`
    expect(await rest.sendRaw(head(['transfer-encoding: chunked']) + chunk.repeat(3))).toMatch(/^HTTP\/1\.1 413 /)
    expect(
      await rest.sendRaw(head(['content-encoding: gzip', 'content-length: 2', 'connection: close']) + 'xx'),
    ).toMatch(/ 415 /)
    expect(await rest.sendRaw(head(['content-length: 0', 'connection: close']))).toMatch(/^HTTP\/1\.1 400 /)
    expect(seen).toEqual([])
  })

  test('GW-7: each route takes as much as its body may need, and as many members', async () => {
    const fields = (count: number) => `{${Array.from({ length: count }, (_, at) => `"f${at}":1`).join(',')}}`
    for (const route of ROUTE_LIST.filter((one) => one.body && one.bodyType !== 'form')) {
      const { bytes, members } = BODY_SIZES[route.bodySize ?? 'plain']
      const statusOf = async (raw: string) => {
        const { session } = admin
        const answer = await rest.send(route.method, concrete(route.path), { session, raw })
        return [route.id, answer.status, answer.problem.code]
      }
      expect(await statusOf(`"${'x'.repeat(bytes - 1)}"`)).toEqual([route.id, 413, 'payload_too_large'])
      expect(await statusOf(`"${'x'.repeat(bytes - 2)}"`)).toEqual([route.id, 400, 'invalid_params'])
      expect(await statusOf(fields(members + 1))).toEqual([route.id, 400, 'invalid_request'])
      expect(await statusOf(fields(members))).toEqual([route.id, 400, 'invalid_params'])
    }
    expect(seen).toEqual([])
  })

  test('SEC-2: what a handler throws shows neither to the caller nor in the log, at debug level', async () => {
    behave = () => {
      throw Object.assign(new Error(`duplicate key (${CANARY})`, { cause: new Error(CANARY) }), { detail: CANARY })
    }
    const sent = { key: alice.key, body: { name: 'work', servers: [], description: CANARY } }
    const answer = await rest.send('POST', '/api/user/groups', sent)
    expect([answer.status, answer.problem.detail, answer.problem.code]).toEqual([500, 'Internal error', 'internal'])
    behave = () => {
      throw new HubError('conflict', 'You have a group of that name', { retryAfterSeconds: 3 })
    }
    const refused = await rest.send('POST', '/api/user/groups', sent)
    expect([refused.status, refused.problem.detail]).toEqual([409, 'You have a group of that name'])
    expect(refused.headers.get('retry-after')).toBe('3')
    const everything = rest.lines.join('') + answer.text + JSON.stringify(rest.records) + (await rest.metricsText())
    expect(everything).not.toContain(CANARY)
    expect(everything).not.toContain(alice.key)
  })

  test('GW-11: its signal aborts when the client leaves', async () => {
    let aborted = false
    behave = (_id, call) =>
      new Promise((resolve) => {
        call.signal.addEventListener('abort', () => {
          aborted = true
          resolve(GROUP)
        })
      })
    const leave = new AbortController()
    const left = fetch(`${rest.url}/api/keys`, {
      headers: { authorization: `Bearer ${alice.key}` },
      signal: leave.signal,
    })
    await waitUntil(() => seen.length === 1, 'the call arrived')
    leave.abort()
    await expect(left).rejects.toThrow()
    await waitUntil(() => aborted, 'the handler was told')
  })
})

describe('ID-4: a stream', () => {
  test.each(['key', 'session'] as const)('ends with the %s that reads it', async (way) => {
    const reader = await rest.addPerson(`reader-by-${way}`)
    const ends: AbortSignal[] = []
    behave = () => async (stream: { signal: AbortSignal }) => {
      ends.push(stream.signal)
      await once(stream.signal, 'abort')
    }
    const streamed = rest.send('POST', '/api/servers/files/tools/read/calls', {
      ...(way === 'key' ? { key: reader.key } : { session: reader.session }),
      body: { arguments: {} },
    })
    await waitUntil(() => ends.length === 1, 'it began')
    // of somebody else nothing ends
    await world.consoleSessions.endAll(alice.id)
    if (way === 'key') await world.keys.revoke(reader.id, reader.keyId)
    else await world.consoleSessions.endAll(reader.id)
    expect((await streamed).status).toBe(200)
    expect(ends[0]!.aborted).toBe(true)
  })
})

describe('the audit', () => {
  test('has one record for every change, ok, failed or refused, and none for plain reading', async () => {
    await rest.send('POST', '/api/user/groups', { key: alice.key, body: valid })
    await rest.send('POST', '/api/user/groups', { key: alice.key, body: {} })
    await rest.send('POST', '/api/user/groups', { body: valid })
    await rest.send('POST', '/api/user/groups', {
      key: alice.key,
      body: valid,
      headers: { origin: 'http://evil.example' },
    })
    await rest.send('PUT', `/api/admin/users/${alice.id}/admin`, { key: alice.key, body: { admin: true } })
    await rest.send('GET', '/api/user/groups', { key: alice.key })
    await rest.send('GET', '/api/user/groups')
    await rest.send('GET', '/api/admin/audit', { key: alice.key })
    await rest.send('GET', '/api/user/groups', { key: 'wrong' })
    const act = 'POST /api/user/groups'
    expect(
      rest.records.map(({ kind, action, outcome, code, userId }) => [kind, action, outcome, code, userId]),
    ).toEqual([
      ['admin', act, 'ok', null, alice.id],
      ['admin', act, 'error', 'invalid_params', alice.id],
      ['auth', act, 'refused', 'unauthenticated', null],
      ['admin', act, 'refused', 'origin_forbidden', null],
      ['admin', 'PUT /api/admin/users/:id/admin', 'refused', 'forbidden', alice.id],
      ['admin', 'GET /api/admin/audit', 'refused', 'forbidden', alice.id],
      ['auth', 'GET /api/user/groups', 'refused', 'unauthenticated', null],
    ])
    expect(rest.records.every((record) => record.argumentsHash === null && record.requestId.length === 36)).toBe(true)
  })

  test('names the object a handler names, else the path parameters, at most 256 characters', async () => {
    behave = (_id, call) => {
      call.about('x'.repeat(1000))
      return GROUP
    }
    await rest.send('POST', '/api/user/groups', { key: alice.key, body: valid })
    behave = () => undefined
    await rest.send('DELETE', `/api/user/groups/${GROUP.id}`, { key: alice.key })
    expect(rest.records.map((record) => record.target)).toEqual(['x'.repeat(256), GROUP.id])
  })
})

test('ID-4: a deactivated user is refused with the next call', async () => {
  const carol = await rest.addPerson('carol')
  behave = () => ({ items: [] })
  expect((await rest.send('GET', '/api/keys', { key: carol.key })).status).toBe(200)
  await world.users.deactivate(HUB, carol.id)
  expect((await rest.send('GET', '/api/keys', { key: carol.key })).status).toBe(401)
})
