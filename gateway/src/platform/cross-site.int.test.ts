// CON-1 and CON-4 over the whole route table, on real sockets: whose page sent a call by cookie, and which address the hub believes to have.
import { ROUTE_LIST, type RouteId } from '@mcphub/api'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Person, type TestRest, startRest } from '../../../test/kit/rest.ts'
import { openFakeWorld } from '../../../test/kit/worlds.ts'
import { cookieName } from './cookies.ts'
import { createHubOrigin } from './hub-origin.ts'
import { createOriginCheck } from './origin.ts'
import { type Call, type Handlers, bindRoutes } from './route.ts'
import { setSessionCookie, visitorOf } from './session-cookie.ts'

const PUBLIC_HOST = 'hub.example.com'

const world = openFakeWorld()
const seen: RouteId[] = []
let rest: TestRest
let alice: Person
let root: Person

/** Every route ends here; logging in sets a cookie as the real one does. */
const handlers = Object.fromEntries(
  ROUTE_LIST.map(({ id, answer }) => [
    id,
    async (call: Call<'loginLocal'>) => {
      if (id === 'loginLocal') {
        call.door.checkOwnPage()
        const facts = { userId: alice.id, method: 'password', provider: null, providerSid: null } as const
        const created = await world.transactor.transaction((unit) =>
          world.consoleSessions.create(unit, { ...facts, ...visitorOf(call.door) }),
        )
        setSessionCookie(call.door, created)
      }
      seen.push(id)
      if (answer === 'redirect') return { location: '/' }
      if (answer === 'events') return async () => undefined
      if (answer === 'download') return { type: 'text/plain', fileName: 'x', chunks: (async function* () {})() }
      return { mayLogIn: call.door.mayLogIn, origin: call.origin }
    },
  ]),
) as unknown as Handlers

beforeAll(async () => {
  rest = await startRest(world, (deps) =>
    bindRoutes(
      {
        ...deps,
        origin: createOriginCheck([PUBLIC_HOST, 'other.example.com']),
        hubOrigin: createHubOrigin(`https://${PUBLIC_HOST}`),
      },
      handlers,
    ),
  )
  alice = await rest.addPerson('alice')
  root = await rest.addPerson('root', 'admin')
})
afterAll(() => rest.stop())
beforeEach(() => void (seen.length = 0))

const ID = '00000000-0000-4000-8000-000000000001'
const concrete = (path: string) => path.replaceAll(/:\w+/g, ID)
const changing = ROUTE_LIST.filter(({ method, permission }) => method !== 'GET' && permission !== 'public')

/** What another site, another port or an old browser sends; the hub's own page sends none of it. */
const foreign = (port: number): readonly (readonly [string, Record<string, string>])[] => [
  ['another site', { origin: 'http://evil.example' }],
  ['a sandboxed frame', { origin: 'null' }],
  ['another port of the same host', { origin: `http://127.0.0.1:${port + 1}` }],
  ['no port', { origin: 'http://127.0.0.1' }],
  ['another name of this machine', { origin: `http://localhost:${port}` }],
  ['another scheme', { origin: `https://127.0.0.1:${port}` }],
  ['the public name over loopback', { origin: `https://${PUBLIC_HOST}` }],
  ['a longer name', { origin: `http://127.0.0.1:${port}.evil.example` }],
  ['userinfo', { origin: `http://127.0.0.1:${port}@evil.example` }],
  ['no console header', { 'x-mcphub-console': '' }],
  ['another console header', { 'x-mcphub-console': '2' }],
]

const withoutOrigin = (site: string | null) => ({
  cookie: `mcphub_session=${root.session}`,
  'x-mcphub-console': '1',
  ...(site === null ? {} : { 'sec-fetch-site': site }),
})

describe('CON-1: a page of another site changes nothing: every changing route × origins, types, modes, overrides', () => {
  test.each(changing.map((route) => [route.id, route] as const))('CON-1: %s', async (id, route) => {
    const send = (headers: Record<string, string>, session?: string) =>
      rest.send(route.method, concrete(route.path), {
        ...(session === undefined ? {} : { session }),
        headers,
        ...(route.body ? { body: {} } : {}),
      })
    for (const [name, headers] of foreign(rest.port)) {
      const answer = await send(headers, root.session)
      expect([name, answer.status, answer.problem.code]).toEqual([name, 403, 'origin_forbidden'])
    }
    for (const site of [null, 'none', 'same-site', 'cross-site']) {
      expect([site, (await send(withoutOrigin(site))).problem.code]).toEqual([site, 'origin_forbidden'])
    }
    for (const type of route.body ? ['text/plain', 'application/x-www-form-urlencoded'] : []) {
      const own = await send({ 'content-type': type }, root.session)
      expect([type, own.status]).toEqual([type, 415])
    }
    expect(seen).toEqual([])
    // and the hub's own page is let through: what stops it is at most what it sent
    const own = [await send({}, root.session), await send(withoutOrigin('same-origin'))]
    for (const answer of own) expect([id, answer.problem?.code]).not.toEqual([id, 'origin_forbidden'])
  })

  test('CON-1: no header and no query makes a reading call a changing one', async () => {
    const headers = { 'x-http-method-override': 'DELETE', 'x-method-override': 'POST', 'x-http-method': 'PUT' }
    await rest.send('GET', '/api/console-sessions?_method=DELETE', { session: root.session, headers })
    await rest.send('GET', '/api/console-sessions', { session: root.session, headers })
    expect(seen).toEqual(['listConsoleSessions', 'listConsoleSessions'])
  })

  test.each([['cross-site'], ['same-site']])(
    'CON-1: what is read is not read for a page that is %s, but for a link',
    async (site) => {
      const read = (mode: string) =>
        // fetch has its own word for the mode
        rest.sendRaw(
          [
            'GET /api/user/groups HTTP/1.1',
            `host: 127.0.0.1:${rest.port}`,
            `sec-fetch-site: ${site}`,
            `sec-fetch-mode: ${mode}`,
            `cookie: mcphub_session=${root.session}`,
            'connection: close\r\n\r\n',
          ].join('\r\n'),
        )
      for (const mode of ['cors', 'no-cors', 'websocket']) expect(await read(mode)).toContain('origin_forbidden')
      expect(seen).toEqual([])
      await read('navigate')
      expect(seen).toEqual(['listGroups'])
    },
  )

  test('CON-1: streams and files are read by a page of this hub alone', async () => {
    const lasting = ROUTE_LIST.filter(
      ({ method, answer = 'json' }) => method === 'GET' && /events|download/.test(answer),
    )
    expect(lasting.length).toBeGreaterThan(0)
    for (const { id, path } of lasting) {
      for (const site of [null, 'none', 'same-site', 'cross-site']) {
        const answer = await rest.send('GET', concrete(path), { headers: withoutOrigin(site) })
        expect([id, site, answer.problem.code]).toEqual([id, site, 'origin_forbidden'])
      }
      const own = await rest.send('GET', concrete(path), { headers: withoutOrigin('same-origin') })
      expect([id, own.problem?.code]).not.toEqual([id, 'origin_forbidden'])
    }
  })

  test('CON-1: a page of another origin begins no session', async () => {
    const body = { username: 'alice', password: 'x' }
    for (const [name, headers] of foreign(rest.port).filter(([one]) => !one.includes('header'))) {
      const answer = await rest.send('POST', '/api/login/local', { page: true, body, headers })
      expect([name, answer.problem.code, answer.headers.getSetCookie()]).toEqual([name, 'origin_forbidden', []])
    }
    await rest.send('POST', '/api/login/local', { body })
    expect(seen).toEqual([])
  })

  test('a key needs none of it: programs are no pages', async () => {
    expect((await rest.send('DELETE', `/api/user/groups/${ID}`, { key: alice.key })).problem?.code).not.toBe(
      'origin_forbidden',
    )
    expect(seen).toEqual(['deleteGroup'])
  })
})

describe('CON-4: a forged Host gets no link, cookie or redirect of its own', () => {
  const NAME = 'mcphub_session'
  const BODY = '{"username":"alice","password":"x"}'
  const ask = async (host: string, more: readonly string[] = []) => {
    const lines = [
      'POST /api/login/local HTTP/1.1',
      `host: ${host}`,
      'content-type: application/json',
      `content-length: ${BODY.length}`,
      'connection: close',
      'user-agent: test',
      ...more,
    ]
    return rest.sendRaw(`${lines.join('\r\n')}\r\n\r\n${BODY}`)
  }

  test('of a foreign name nothing is believed', async () => {
    for (const host of ['evil.example', `${PUBLIC_HOST}.evil.example`, `evil@${PUBLIC_HOST}`])
      expect(await ask(host, [`origin: https://${host}`])).toMatch(/^HTTP\/1\.1 403 /)
    expect(seen).toEqual([])
  })

  test('over https the cookie is bound to this host', async () => {
    const answer = await ask(PUBLIC_HOST, [`origin: https://${PUBLIC_HOST}`])
    expect(answer).toMatch(
      /set-cookie: __Host-mcphub_session=mcphub_session_[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=\d+\r\n/i,
    )
  })

  test('another allowed name gets no origin of its own, nor does a proxy’s word', async () => {
    const forwarded = [
      'x-forwarded-host: other.example.com',
      'x-forwarded-proto: https',
      'forwarded: host=other.example.com',
    ]
    for (const origin of ['https://other.example.com', 'http://other.example.com'])
      expect(await ask('other.example.com', [`origin: ${origin}`, ...forwarded])).toMatch(/^HTTP\/1\.1 403 /)
    expect(seen).toEqual([])
  })

  const originOf = (host: string, publicUrl: string | null) =>
    createHubOrigin(publicUrl)({ rawHeaders: ['Host', host] } as never)

  test.each([
    ['localhost:3000', null, 'http://localhost:3000', false, true],
    ['[::1]:3000', null, 'http://[::1]:3000', false, true],
    ['localhost:3000', 'https://hub.example.com', 'http://localhost:3000', false, true],
    ['localhost:8443', 'https://localhost:8443', 'https://localhost:8443', true, true],
    ['hub.example.com', 'https://hub.example.com/path', 'https://hub.example.com', true, true],
    ['other.example.com', 'https://hub.example.com', 'https://hub.example.com', true, true],
    ['hub.example.com', 'http://hub.example.com', 'http://hub.example.com', false, false],
    ['hub.example.com', null, 'http://localhost', false, false],
    ['localhost.evil.example', null, 'http://localhost', false, false],
    ['127.0.0.1@evil', null, 'http://localhost', false, false],
  ])('Host %s with the public URL %s', (host, publicUrl, origin, isSecure, mayLogIn) => {
    expect(originOf(host, publicUrl)).toEqual({ origin, isSecure, mayLogIn })
    expect(cookieName(NAME, { isSecure })).toBe(isSecure ? `__Host-${NAME}` : NAME)
  })
})
