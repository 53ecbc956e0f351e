// Logging in through GitHub and OpenID Connect as people do, on real sockets: who comes in, under which name, with which claims; what is said
// when the provider does not answer; accounts linked and unlinked; log-outs that the provider tells of.
import type { ServerResponse } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { readPayload } from '../../../../test/kit/jwt.ts'
import {
  describeProviders,
  GITHUB,
  type Jar,
  type LoginWorld,
  openJar,
  startLoginWorld,
} from '../../../../test/kit/login-world.ts'
import { openRestWorld, startRestHub } from '../../../../test/kit/rest-hub.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { HUB } from '../../../../test/kit/worlds.ts'
import { createRateLimiter } from '../../platform/rate-limiter.ts'

let world: LoginWorld
let jar: Jar
let count = 0
beforeAll(async () => {
  world = await startLoginWorld()
})
afterAll(() => world.stop())
beforeEach(() => {
  jar = openJar()
  count++
})
afterEach(() => {
  world.company.answers.clear()
  world.github.answers.clear()
})

const faultOf = (location: string): string | null => new URL(location, world.hub.url).searchParams.get('fault')
const run = <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
  world.hub.world.opened.database.run(null, (manager): Promise<T[]> => manager.query(sql, values))
const claimsOf = async (userId: string): Promise<string[]> => {
  const rows = await run<{ name: string; value: string }>(
    'SELECT name, value FROM claims WHERE user_id = $1 ORDER BY name, value',
    [userId],
  )
  return rows.map(({ name, value }) => `${name}=${value}`)
}
const through = (id: string): string => `/api/oidc/login?provider=${id}`

test('the login page is told the names of all providers, and no more', async () => {
  const answer = await world.hub.send('GET', '/api/login')
  const { providers } = answer.json as { providers: object[] }
  expect(providers).toHaveLength(8)
  expect(providers).toContainEqual({ id: 'company', kind: 'oidc', label: 'Company' })
  expect(providers).toContainEqual({ id: 'github-org', kind: 'github', label: 'github-org' })
  for (const secret of [
    world.company.clientSecret,
    world.company.clientId,
    world.company.issuer,
    world.github.clientId,
  ])
    expect(answer.text).not.toContain(secret)
})

describe('OpenID Connect', () => {
  test('a person comes in, is told who they are, and ends where they wanted to', async () => {
    world.company.person = {
      ...{ sub: 'sub-alice', preferred_username: 'Alice', email: 'alice@example.com', email_verified: true },
      groups: ['staff', 'dev', 'staff', 7, ''],
    }
    const start = `${through('company')}&return=${encodeURIComponent('/servers?q=files')}`
    expect(await world.logIn(jar, start)).toBe('/servers?q=files')
    const me = await world.me(jar)
    expect(me).toMatchObject({ username: 'alice', hasPassword: false, session: { method: 'provider' } })
    // a provider's word lasts thirty days
    const days = (Date.parse(me!.loginUntil!) - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(29.9)
    expect(await claimsOf(me!.id)).toEqual(['groups=dev', 'groups=staff'])
    expect(jar.cookies.has('mcphub_login')).toBe(false)
    expect(world.hub.records.at(-1)).toMatchObject({
      ...{ action: 'GET /api/oauth/callback/:id', outcome: 'ok', userId: me!.id, via: 'console', target: 'company' },
    })
  })

  test('claims are replaced whole by the next login, and it is the same person under any name', async () => {
    world.company.person = { sub: 'sub-bob', preferred_username: 'bob', groups: ['staff', 'old'] }
    await world.logIn(jar)
    const first = await world.me(jar)
    world.company.person = { sub: 'sub-bob', preferred_username: 'robert', groups: ['staff', 'new'] }
    const again = openJar()
    await world.logIn(again)
    expect(await world.me(again)).toMatchObject({ id: first!.id, username: 'bob' })
    expect(await claimsOf(first!.id)).toEqual(['groups=new', 'groups=staff'])
  })

  test('CON-5: a login over a session of this browser ends it, and no other', async () => {
    world.company.person = { sub: 'sub-twice', preferred_username: 'twice', groups: [] }
    const elsewhere = openJar()
    await world.logIn(elsewhere)
    await world.logIn(jar)
    const over = jar.cookies.get('mcphub_session')!
    await world.logIn(jar)
    expect((await world.hub.send('GET', '/api/user/me', { session: over })).status).toBe(401)
    const alive = [await world.me(jar), await world.me(elsewhere)]
    expect(alive).toMatchObject([{ username: 'twice' }, { username: 'twice' }])
  })

  test('what a provider tells at UserInfo alone counts as well', async () => {
    world.other.person = { sub: 'sub-carol', preferred_username: 'carol', groups: ['ops'] }
    await world.logIn(jar, through('other'))
    const me = await world.me(jar)
    expect(me).toMatchObject({ username: 'carol' })
    expect(await claimsOf(me!.id)).toEqual(['groups=ops'])
  })

  test('a claim is found along dots', async () => {
    world.company.person = {
      sub: 'sub-nested',
      preferred_username: 'nested',
      realm_access: { roles: ['admin', 'dev'] },
    }
    await world.logIn(jar, through('nested'))
    expect(await claimsOf((await world.me(jar))!.id)).toEqual(['realm_access.roles=admin', 'realm_access.roles=dev'])
  })

  test('the same subject of another provider is another person', async () => {
    world.company.person = { sub: 'sub-same', preferred_username: 'dora' }
    world.other.person = { sub: 'sub-same', preferred_username: 'dora' }
    await world.logIn(jar)
    const elsewhere = openJar()
    await world.logIn(elsewhere, through('other'))
    const [one, two] = [await world.me(jar), await world.me(elsewhere)]
    expect([one?.username, two?.username]).toEqual(['dora', 'dora-2'])
    expect(one!.id).not.toBe(two!.id)
  })

  test.each([
    ['by-domain', { email: 'e@example.com', email_verified: true }, null],
    ['by-domain', { email: 'e@example.com', email_verified: false }, 'email_not_verified'],
    ['by-domain', { email: 'e@example.com', email_verified: 'true' }, 'email_not_verified'],
    ['by-domain', { email: 'e@other.com', email_verified: true }, 'not_in_domain'],
    ['by-group', { groups: ['staff'] }, null],
    ['by-group', { groups: ['guests'] }, 'not_in_group'],
    ['invited', {}, 'not_invited'],
  ])('%s with %j: %s', async (id, facts, fault) => {
    world.company.person = { sub: `sub-${count}`, preferred_username: `erin-${count}`, ...facts }
    const before = await run('SELECT id FROM users')
    expect(faultOf(await world.logIn(jar, through(id)))).toBe(fault)
    expect((await run('SELECT id FROM users')).length).toBe(before.length + (fault === null ? 1 : 0))
  })

  test('a flow that one replica began another one finishes', async () => {
    const { company, other, github, hub } = world
    const replica = await startRestHub(await openRestWorld(world.databaseUrl), {
      ...{ configured: describeProviders({ company, other, github }), ringFile: hub.ringFile },
    })
    try {
      company.person = { sub: 'sub-frank', preferred_username: 'frank' }
      const back = await world.goThere(jar)
      // one address stands in front of both
      const cookie = `mcphub_login=${jar.cookies.get('mcphub_login')}`
      const answer = await replica.sendRaw(
        `GET ${back.pathname}${back.search} HTTP/1.1\r\nhost: ${back.host}\r\ncookie: ${cookie}\r\nconnection: close\r\n\r\n`,
      )
      expect(answer).toMatch(/^HTTP\/1\.1 303 /)
      expect(answer).toMatch(/^location: \/\r$/im)
      const session = /mcphub_session=([^;]+)/.exec(answer)![1]!
      expect((await hub.send('GET', '/api/user/me', { session })).json).toMatchObject({ username: 'frank' })
      // and it is used up for both
      expect(faultOf((await jar.get(back)).headers.get('location')!)).toBe('flow_not_valid')
    } finally {
      await replica.stop()
    }
  })

  test.each([
    ['5xx', (response: ServerResponse) => void response.writeHead(503).end(), 'provider_busy'],
    [
      'a page instead of JSON',
      (response: ServerResponse) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
      'provider_refused',
    ],
    [
      'a redirect',
      (response: ServerResponse) => void response.writeHead(302, { location: 'https://evil.example.com' }).end(),
      'provider_refused',
    ],
    ['a broken connection', (response: ServerResponse) => void response.destroy(), 'provider_unreachable'],
    ['silence', () => undefined, 'provider_unreachable'],
  ])('the token endpoint answers with %s: nobody comes in, and it is said', async (_, answer, fault) => {
    const back = await world.goThere(jar)
    world.company.answers.set('/token', answer)
    expect(faultOf((await jar.get(back)).headers.get('location')!)).toBe(fault)
    expect(jar.cookies.has('mcphub_session')).toBe(false)
  })

  test('an unknown provider, or none of several, is said', async () => {
    for (const path of [through('nobody'), through('github'), '/api/oidc/login', '/api/oauth/github?provider=company'])
      expect([path, faultOf((await world.get(jar, path)).headers.get('location')!)]).toEqual([path, 'provider_unknown'])
  })
})

describe('GitHub', () => {
  test('a person comes in by their number; a login name that changed changes nothing', async () => {
    world.github.person = { id: 1001, login: 'Octocat', email: null }
    expect(await world.logIn(jar, GITHUB)).toBe('/')
    const me = await world.me(jar)
    expect(me).toMatchObject({ username: 'octocat' })
    expect(world.github.asked.at(-1)?.get('scope')).toBeNull()
    world.github.person = { id: 1001, login: 'octocat-renamed' }
    const again = openJar()
    await world.logIn(again, GITHUB)
    expect(await world.me(again)).toMatchObject({ id: me!.id, username: 'octocat' })
    const listed = await world.hub.send('GET', '/api/user/accounts', { session: again.cookies.get('mcphub_session')! })
    expect(listed.json).toMatchObject({ items: [{ kind: 'github', account: 'octocat-renamed' }] })
    expect(listed.text).not.toContain('1001')
  })

  test('ID-5: a login name used again, also one that a UserGroup names, inherits nothing', async () => {
    world.github.person = { id: 2001, login: 'grace' }
    await world.logIn(jar, GITHUB)
    const grace = await world.me(jar)
    world.hub.catalog.set({
      servers: { files: { type: 'Stdio', stdio: { package: { npm: { name: 'files', version: '1.0.0' } } } } },
      groups: { only: { members: { users: ['heidi', 'grace'] }, servers: ['files'] } },
    })
    // GitHub gave the login name to somebody else
    world.github.person = { id: 2002, login: 'grace' }
    const second = openJar()
    await world.logIn(second, GITHUB)
    expect(await world.me(second)).toMatchObject({ username: 'grace-2' })
    expect((await world.me(second))!.id).not.toBe(grace!.id)
    // somebody the group expects, and a stranger of that login name comes first
    world.github.person = { id: 2003, login: 'Heidi' }
    const third = openJar()
    await world.logIn(third, GITHUB)
    expect(await world.me(third)).toMatchObject({ username: 'heidi-2' })
    const servers = await world.hub.send('GET', '/api/servers', { session: third.cookies.get('mcphub_session')! })
    expect(servers.json).toMatchObject({ items: [] })
    // who was erased leaves their name to nobody
    await world.hub.world.users.erase(HUB, grace!.id)
    world.hub.catalog.set({ servers: {}, groups: {} })
    world.github.person = { id: 2004, login: 'grace' }
    const fourth = openJar()
    await world.logIn(fourth, GITHUB)
    expect(await world.me(fourth)).toMatchObject({ username: 'grace-3' })
  })

  test('ID-5: a deleted person does not come back by logging in, nor does one who is turned off', async () => {
    world.github.person = { id: 3001, login: 'ivan' }
    await world.logIn(jar, GITHUB)
    const { id } = (await world.me(jar))!
    await world.hub.world.users.deactivate(HUB, id)
    expect(faultOf(await world.logIn(openJar(), GITHUB))).toBe('not_active')
    await world.hub.world.users.remove(HUB, id)
    expect(faultOf(await world.logIn(openJar(), GITHUB))).toBe('not_active')
    await world.hub.world.users.restore(HUB, id)
    await world.hub.world.users.activate(HUB, id)
    const back = openJar()
    expect(await world.logIn(back, GITHUB)).toBe('/')
    expect((await world.me(back))?.id).toBe(id)
  })

  test('two first logins of one person at the same moment make one person', async () => {
    const jars = [openJar(), openJar(), openJar()]
    const backs: URL[] = []
    for (const [at, each] of jars.entries()) {
      // no two of them wait for each other because of the name
      world.github.person = { id: 3501, login: `twice-${at}` }
      backs.push(await world.goThere(each, GITHUB))
    }
    const answers = await Promise.all(jars.map((each, at) => each.get(backs[at]!)))
    expect(answers.map((answer) => answer.headers.get('location'))).toEqual(['/', '/', '/'])
    const people = await Promise.all(jars.map((each) => world.me(each)))
    expect(new Set(people.map((person) => person?.id)).size).toBe(1)
  })

  test('people of one wish at the same moment get names of their own', async () => {
    const jars = [openJar(), openJar(), openJar()]
    const backs: URL[] = []
    for (const [at, each] of jars.entries()) {
      world.github.person = { id: 3600 + at, login: 'crowd' }
      backs.push(await world.goThere(each, GITHUB))
    }
    await Promise.all(jars.map(async (each, at) => (await each.get(backs[at]!)).body?.cancel()))
    const people = await Promise.all(jars.map((each) => world.me(each)))
    expect(new Set(people.map((person) => person?.username))).toEqual(new Set(['crowd', 'crowd-2', 'crowd-3']))
  })

  test.each([
    ['a member', { acme: 'active' }, null],
    ['a member in private, written otherwise', { ACME: 'active' }, null],
    ['somebody who was invited there and never answered', { acme: 'pending' }, 'not_in_organisation'],
    ['a member of another one', { 'acme-fans': 'active' }, 'not_in_organisation'],
    ['a member of none', {}, 'not_in_organisation'],
  ] as const)('an organisation: %s', async (_, memberships, fault) => {
    world.github.person = { id: 4000 + count, login: `judy-${count}`, memberships }
    expect(faultOf(await world.logIn(jar, '/api/oauth/github?provider=github-org'))).toBe(fault)
    expect(world.github.asked.at(-1)?.get('scope')).toBe('read:org')
    const me = await world.me(jar)
    if (fault === null) expect(await claimsOf(me!.id)).toEqual(['organisation=acme'])
    else expect(me).toBeNull()
  })

  type Reply = (response: ServerResponse) => void
  function json(status: number, body: object, headers: Record<string, string> = {}): Reply {
    return (response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    }
  }
  const page: Reply = (response) => {
    response.writeHead(200).end('<p>')
  }
  const limited: Reply = (response) => {
    const reset = String(Math.floor(Date.now() / 1000) + 90)
    json(403, {}, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset })(response)
  }

  test.each([
    [
      'token',
      'a refusal with status 200',
      json(200, { error: 'incorrect_client_credentials' }),
      'provider_refused',
      null,
    ],
    ['token', 'a used code', json(200, { error: 'bad_verification_code' }), 'answer_not_valid', null],
    ['token', 'neither', json(200, {}), 'provider_refused', null],
    ['token', '5xx', json(502, {}), 'provider_busy', null],
    ['token', 'a page', page, 'provider_refused', null],
    ['user', 'a limit', limited, 'provider_busy', 90],
    ['user', 'a second limit', json(429, {}, { 'retry-after': '60' }), 'provider_busy', 60],
    ['user', 'a second limit by 403', json(403, {}, { 'retry-after': '60' }), 'provider_busy', 60],
    ['user', 'no right', json(403, { message: 'Forbidden' }), 'provider_refused', null],
    ['user', 'no number', json(200, { login: 'x' }), 'provider_refused', null],
    ['user', 'a broken number', json(200, { id: 1.5, login: 'x' }), 'provider_refused', null],
    ['user', 'a number as text', json(200, { id: '1001', login: 'x' }), 'provider_refused', null],
    ['user', 'silence', () => undefined, 'provider_unreachable', null],
    ['user', 'half an answer', halfAnswer, 'provider_unreachable', null],
    ['membership', 'a limit', json(429, {}, { 'retry-after': '60' }), 'provider_busy', 60],
    ['membership', '5xx', json(500, {}), 'provider_busy', null],
  ] as const)('%s answers with %s: nobody comes in, and it is said', async (step, _, answer, fault, retry) => {
    world.github.person = { id: 5000 + count, login: `kim-${count}`, memberships: { acme: 'active' } }
    const back = await world.goThere(jar, '/api/oauth/github?provider=github-org')
    world.github.answers.set(step, answer)
    const location = (await jar.get(back)).headers.get('location')!
    expect(faultOf(location)).toBe(fault)
    const seconds = new URL(location, world.hub.url).searchParams.get('retry')
    if (retry === null) expect(seconds).toBeNull()
    else expect(Math.abs(Number(seconds) - retry)).toBeLessThan(5)
    expect(await world.me(jar)).toBeNull()
  })

  test('somebody says no there', async () => {
    world.github.person = null
    expect(faultOf(await world.logIn(jar, GITHUB))).toBe('cancelled')
  })
})

function halfAnswer(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' }).write('{"id":')
}

describe('linked accounts', () => {
  async function startLink(session: string, provider: string): Promise<string> {
    const answer = await world.hub.send('POST', `/api/user/accounts/${provider}/start`, { session })
    for (const line of answer.headers.getSetCookie()) jar.cookies.set('mcphub_login', /=([^;]*)/.exec(line)![1]!)
    return (answer.json as { location: string }).location
  }
  const list = async (session: string) =>
    (await world.hub.send('GET', '/api/user/accounts', { session })).json as {
      items: { id: string; provider: string | null; kind: string | null; label: string }[]
    }
  const isHub = (url: URL): boolean => url.origin === world.hub.url

  test('a person links GitHub to the account they have, and comes in by it', async () => {
    const person = await world.hub.addPerson(`lena-${count}`)
    world.github.person = { id: 6001, login: 'lena-elsewhere' }
    jar.cookies.set('mcphub_session', person.session)
    const back = await jar.follow(await startLink(person.session, 'github'), isHub)
    expect((await jar.get(back)).headers.get('location')).toBe('/account?linked=github')
    expect((await list(person.session)).items).toMatchObject([{ kind: 'github' }])
    const elsewhere = openJar()
    await world.logIn(elsewhere, GITHUB)
    expect((await world.me(elsewhere))?.id).toBe(person.id)
  })

  test('an account of somebody else is not linked', async () => {
    const person = await world.hub.addPerson(`mona-${count}`)
    world.github.person = { id: 6001, login: 'lena-elsewhere' }
    jar.cookies.set('mcphub_session', person.session)
    const back = await jar.follow(await startLink(person.session, 'github'), isHub)
    const location = (await jar.get(back)).headers.get('location')!
    expect(location).toMatch(/^\/account\?fault=account_taken&request=/)
    expect((await list(person.session)).items).toEqual([])
  })

  test('CON-3: a link that was begun by one person is not finished by another', async () => {
    const [victim, attacker] = [await world.hub.addPerson(`nina-${count}`), await world.hub.addPerson(`oscar-${count}`)]
    world.github.person = { id: 6100, login: 'attackers-own' }
    const location = await startLink(attacker.session, 'github')
    for (const session of [victim.session, null]) {
      const flow = jar.cookies.get('mcphub_login')!
      const back = await jar.follow(location, isHub)
      jar.cookies.set('mcphub_login', flow)
      if (session !== null) jar.cookies.set('mcphub_session', session)
      expect(faultOf((await jar.get(back)).headers.get('location')!)).toBe('flow_not_valid')
    }
    expect((await list(victim.session)).items).toEqual([])
    expect((await list(attacker.session)).items).toEqual([])
  })

  test('one is unlinked with its claims, the last way in is not', async () => {
    world.company.person = { sub: 'sub-paul', preferred_username: 'paul', groups: ['staff'] }
    await world.logIn(jar)
    const session = jar.cookies.get('mcphub_session')!
    const { id } = (await world.me(jar))!
    const [only] = (await list(session)).items
    expect(only).toMatchObject({ provider: 'company', label: 'Company', kind: 'oidc' })
    const unlink = (account: string) => world.hub.send('DELETE', `/api/user/accounts/${account}`, { session })
    const refused = await unlink(only!.id)
    expect([refused.status, refused.problem.data]).toEqual([409, { reason: 'lastWayIn' }])
    world.github.person = { id: 6200, login: 'paul-elsewhere' }
    const back = await jar.follow(await startLink(session, 'github'), isHub)
    await (await jar.get(back)).body?.cancel()
    const elsewhere = openJar()
    await world.logIn(elsewhere, GITHUB)
    expect((await unlink(only!.id)).status).toBe(204)
    expect(await claimsOf(id)).toEqual([])
    // as after a new password: whoever else came in is out
    expect([await world.me(elsewhere), (await world.me(jar))?.id]).toEqual([null, id])
    // the same account is a stranger's now
    const stranger = openJar()
    await world.logIn(stranger)
    expect((await world.me(stranger))?.id).not.toBe(id)
  })

  test('of two unlinked at the same moment one way in is left', async () => {
    world.company.person = { sub: 'sub-quinn', preferred_username: 'quinn' }
    await world.logIn(jar)
    const session = jar.cookies.get('mcphub_session')!
    world.github.person = { id: 6300, login: 'quinn-elsewhere' }
    const back = await jar.follow(await startLink(session, 'github'), isHub)
    await (await jar.get(back)).body?.cancel()
    const both = (await list(session)).items
    const answers = await Promise.all(
      both.map(({ id }) => world.hub.send('DELETE', `/api/user/accounts/${id}`, { session })),
    )
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 409])
  })
})

describe('whoever the provider proves to be no longer let in', () => {
  const stateOf = async (session: string | undefined, key: string) => {
    const sent = session === undefined ? {} : { session }
    const me = await world.hub.send('GET', '/api/user/me', sent)
    const calls = await world.hub.send('GET', '/api/servers', { key })
    return [me.status, calls.status]
  }

  test.each([
    ['by-group', { groups: ['staff', 'vip'] }, { groups: ['guests'] }, 'not_in_group', ['groups=guests']],
    [
      'by-domain',
      { email: 'z@example.com', email_verified: true, groups: ['vip'] },
      { email: 'z@other.com', email_verified: true },
      'not_in_domain',
      [],
    ],
  ])('%s: session, calls and claims of before end with it', async (id, before, after, fault, claims) => {
    const person = { sub: `sub-left-${id}`, preferred_username: `left-${id}` }
    world.company.person = { ...person, ...before }
    await world.logIn(jar, through(id))
    const me = (await world.me(jar))!
    const session = jar.cookies.get('mcphub_session')!
    const { secret } = await world.hub.world.keys.create(me.id, { name: 'editor' })
    expect(await stateOf(session, secret.reveal())).toEqual([200, 200])
    world.company.person = { ...person, ...after }
    expect(faultOf(await world.logIn(openJar(), through(id)))).toBe(fault)
    await waitUntil(
      async () => String(await stateOf(session, secret.reveal())) === '401,403',
      'the end of session and calls',
      5_000,
    )
    expect(await claimsOf(me.id)).toEqual(claims)
    expect(world.hub.records.findLast(({ action }) => action === 'GET /api/oauth/callback/:id')).toMatchObject({
      ...{ outcome: 'refused', target: `${id} ${fault} ${me.id}` },
    })
    // whoever is taken back comes in as before
    world.company.person = { ...person, ...before }
    await world.logIn(jar, through(id))
    expect((await world.me(jar))?.id).toBe(me.id)
  })

  test('by GitHub: who left the organisation', async () => {
    world.github.person = { id: 6900, login: 'left-org', memberships: { acme: 'active' } }
    const way = '/api/oauth/github?provider=github-org'
    await world.logIn(jar, way)
    const me = (await world.me(jar))!
    world.github.person = { id: 6900, login: 'left-org', memberships: {} }
    expect(faultOf(await world.logIn(openJar(), way))).toBe('not_in_organisation')
    expect(await world.me(jar)).toBeNull()
    expect(await claimsOf(me.id)).toEqual([])
  })

  test('what proves nothing ends nothing: a provider that fails, somebody who says no', async () => {
    const way = '/api/oauth/github?provider=github-org'
    world.github.person = { id: 6901, login: 'stays', memberships: { acme: 'active' } }
    await world.logIn(jar, way)
    world.github.answers.set('membership', (response) => void response.writeHead(500).end('{}'))
    expect(faultOf(await world.logIn(openJar(), way))).toBe('provider_busy')
    world.github.person = null
    expect(faultOf(await world.logIn(openJar(), way))).toBe('cancelled')
    const me = await world.me(jar)
    expect(await claimsOf(me!.id)).toEqual(['organisation=acme'])
  })
})

describe('a log-out the provider tells of', () => {
  const tell = (token: string, id = 'company') =>
    world.hub.send('POST', `/api/oidc/logout/${id}`, {
      raw: new URLSearchParams({ logout_token: token, extra: 'ignored' }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
  async function comeIn(name: string): Promise<Jar> {
    world.company.person = { sub: `sub-${name}`, preferred_username: name }
    const each = openJar()
    await world.logIn(each)
    expect(await world.me(each)).not.toBeNull()
    return each
  }

  test('ends the one session it names, on the spot', async () => {
    const first = await comeIn('rosa')
    const sid = world.company.sid()
    expect(sid).not.toBe('undefined')
    const second = await comeIn('rosa')
    const answer = await tell(world.company.makeLogoutToken({ sid }))
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await world.me(first)).toBeNull()
    expect(await world.me(second)).not.toBeNull()
  })

  test('ends all of a person it names, and calls need a new login', async () => {
    const both = [await comeIn('sara'), await comeIn('sara')]
    const { id } = (await world.me(both[0]!))!
    expect((await tell(world.company.makeLogoutToken({ sub: 'sub-sara' }))).status).toBe(200)
    expect(await Promise.all(both.map((each) => world.me(each)))).toEqual([null, null])
    const [user] = await run<{ until: Date }>('SELECT login_until AS until FROM users WHERE id = $1', [id])
    expect(user!.until.getTime()).toBeLessThanOrEqual(Date.now() + 1_000)
    const told = world.hub.records.findLast(({ action }) => action === 'POST /api/oidc/logout/:provider')
    expect(told).toMatchObject({ target: `company ${id}`, outcome: 'ok' })
  })

  test('of nobody, or of a session nobody knows, is taken and ends nothing', async () => {
    const each = await comeIn('tina')
    expect((await tell(world.company.makeLogoutToken({ sub: 'sub-nobody' }))).status).toBe(200)
    expect((await tell(world.company.makeLogoutToken({ sid: 'unknown' }))).status).toBe(200)
    expect(await world.me(each)).not.toBeNull()
  })

  const now = (): number => Math.floor(Date.now() / 1000)
  test.each([
    ['a wrong aud', () => world.company.makeLogoutToken({ sub: 'sub-uma', aud: 'another-client' })],
    ['a wrong iss', () => world.company.makeLogoutToken({ sub: 'sub-uma', iss: world.other.issuer })],
    ['a nonce', () => world.company.makeLogoutToken({ sub: 'sub-uma', nonce: 'n' })],
    ['no event', () => world.company.makeLogoutToken({ sub: 'sub-uma', events: {} })],
    [
      'an event that is no object',
      () =>
        world.company.makeLogoutToken({
          sub: 'sub-uma',
          events: { 'http://schemas.openid.net/event/backchannel-logout': true },
        }),
    ],
    ['neither sid nor sub', () => world.company.makeLogoutToken({})],
    ['too old', () => world.company.makeLogoutToken({ sub: 'sub-uma', iat: now() - 600, exp: now() + 600 })],
    ['run out', () => world.company.makeLogoutToken({ sub: 'sub-uma', exp: now() - 120 })],
    ['no jti', () => world.company.makeLogoutToken({ sub: 'sub-uma' }, { payload: ({ jti: _, ...rest }) => rest })],
    ['another type', () => world.company.makeLogoutToken({ sub: 'sub-uma' }, { header: { typ: 'at+jwt' } })],
    [
      'HS256',
      () =>
        world.company.makeLogoutToken(
          { sub: 'sub-uma' },
          { header: { alg: 'HS256' }, key: Buffer.from(world.company.clientSecret) },
        ),
    ],
    ['of another provider', () => world.other.makeLogoutToken({ sub: 'sub-uma' })],
    ['an ID token', () => world.company.tokens.findLast((token) => token.split('.').length === 3)!],
    ['no token', () => 'x'],
  ])('CON-3: a logout token with %s ends nothing', async (_, make) => {
    const each = await comeIn('uma')
    const answer = await tell(make())
    expect([answer.status, answer.problem.code]).toEqual([400, 'invalid_request'])
    expect(await world.me(each)).not.toBeNull()
  })

  test('CON-3: a logout token presented twice ends nothing the second time, on any replica', async () => {
    await comeIn('vera')
    const token = world.company.makeLogoutToken({ sub: 'sub-vera' })
    expect((await tell(token)).status).toBe(200)
    const again = await comeIn('vera')
    expect((await tell(token)).status).toBe(400)
    expect(await world.me(again)).not.toBeNull()
  })

  test('CON-3: however much junk is sent, the provider’s own word is heard', async () => {
    const limiter = createRateLimiter()
    const flooded = await startLoginWorld({ limiter })
    onTestFinished(() => flooded.stop())
    flooded.company.person = { sub: 'sub-flood', preferred_username: 'flood' }
    await flooded.logIn(jar)
    const send = (token: string) =>
      flooded.hub.send('POST', '/api/oidc/logout/company', {
        raw: new URLSearchParams({ logout_token: token }).toString(),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      })
    const statuses = new Map<number, number>()
    for (let at = 0; at < 700; at++) {
      const { status } = await send('x')
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect([...statuses.keys()]).toEqual([400, 429])
    expect((await send(flooded.company.makeLogoutToken({ sub: 'sub-flood' }))).status).toBe(200)
    expect(await flooded.me(jar)).toBeNull()
  })

  test('CON-3: one whose ending failed may be said again, and ends then', async () => {
    const each = await comeIn('yara')
    const token = world.company.makeLogoutToken({ sub: 'sub-yara' })
    await run(`CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''away''; END'`)
    await run('CREATE TRIGGER fail_once BEFORE DELETE ON console_sessions FOR EACH ROW EXECUTE FUNCTION fail_once()')
    const failed = await tell(token)
    await run('DROP FUNCTION fail_once CASCADE')
    expect(failed.status).toBeGreaterThanOrEqual(500)
    expect(await world.me(each)).not.toBeNull()
    expect((await tell(token)).status).toBe(200)
    expect(await world.me(each)).toBeNull()
  })

  test('a provider that is unknown, or that tells nothing of the kind, is refused', async () => {
    const token = world.company.makeLogoutToken({ sub: 'sub-x' })
    expect((await tell(token, 'nobody')).status).toBe(400)
    expect((await tell(token, 'github')).status).toBe(400)
  })
})

test('ID-7: tokens of the provider are kept and sent nowhere', async () => {
  world.company.person = { sub: 'sub-wendy', preferred_username: 'wendy', groups: ['staff'] }
  world.github.person = { id: 7001, login: 'xenia' }
  await world.logIn(jar)
  await world.logIn(openJar(), GITHUB)
  const tokens = [...world.company.tokens, ...world.other.tokens, ...world.github.tokens]
  expect(tokens.length).toBeGreaterThan(4)
  expect(readPayload(world.company.tokens.find((token) => token.split('.').length === 3)!)['iss']).toBe(
    world.company.issuer,
  )
  const rows = await run<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  )
  const texts = [world.hub.lines.join('\n'), JSON.stringify(world.hub.records)]
  for (const { name } of rows) texts.push(JSON.stringify(await run(`SELECT to_jsonb(t) AS row FROM "${name}" t`)))
  const all = texts.join('\n')
  expect(all).toContain('sub-wendy')
  for (const token of tokens) {
    expect(all).not.toContain(token)
    expect(all).not.toContain(Buffer.from(token).toString('hex'))
  }
  expect(all).not.toContain(world.company.clientSecret)
  expect(all).not.toContain(world.github.clientSecret)
})

test('CON-4: a forged Host gets no way there of its own', async () => {
  const ask = (host: string): Promise<string> =>
    world.hub.sendRaw(
      `GET ${GITHUB}&return=https://evil.example.com HTTP/1.1\r\nhost: ${host}\r\nx-forwarded-host: evil.example.com\r\nconnection: close\r\n\r\n`,
    )
  expect(await ask('evil.example.com')).toMatch(/^HTTP\/1\.1 403 /)
  const answer = await ask(`127.0.0.1:${world.hub.port}`)
  expect(answer).toMatch(/^HTTP\/1\.1 303 /)
  const location = new URL(/^location: (.+)$/im.exec(answer)![1]!.trim())
  expect(location.searchParams.get('redirect_uri')).toBe(`${world.hub.url}/api/oauth/callback/github`)
  expect(answer).not.toContain('evil.example.com')
})
