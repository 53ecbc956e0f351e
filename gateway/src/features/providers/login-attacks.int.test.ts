// What somebody may try on the way to a provider and back, against a real provider: none of it begins a session (CON-3).
import { randomBytes } from 'node:crypto'
import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  COMPANY,
  GITHUB,
  type Jar,
  type LoginWorld,
  openJar,
  startLoginWorld,
} from '../../../../test/kit/login-world.ts'
import { type JwtPayload, readPayload } from '../../../../test/kit/jwt.ts'
import type { Tampering } from '../../../../test/kit/oidc-provider-double.ts'

let world: LoginWorld
let jar: Jar
beforeAll(async () => {
  world = await startLoginWorld()
})
afterAll(() => world.stop())
beforeEach(() => {
  jar = openJar()
  world.company.person = {
    sub: 'sub-mallory',
    preferred_username: 'mallory',
    email: 'm@example.com',
    email_verified: true,
  }
  world.other.person = { sub: 'sub-mallory', preferred_username: 'mallory' }
  world.github.person = { id: 66, login: 'mallory' }
})
afterEach(() => {
  world.company.tampering = null
  world.company.answers.clear()
})

const faultOf = (location: string): string | null => new URL(location, world.hub.url).searchParams.get('fault')

/** Nobody came in, and the page that is shown next says why. */
async function expectRefused(back: URL, fault: string, by: Jar = jar): Promise<void> {
  const before = await countSessions()
  const answer = await by.get(back)
  const location = answer.headers.get('location') ?? ''
  expect([answer.status, faultOf(location)]).toEqual([303, fault])
  expect(location).toMatch(/^\/login\?fault=[a-z_]+&request=[\w-]+$/)
  expect(by.cookies.has('mcphub_session')).toBe(false)
  expect(await countSessions()).toBe(before)
}

async function countSessions(): Promise<number> {
  const sql = 'SELECT count(*)::integer AS count FROM console_sessions'
  const rows = await world.hub.world.opened.database.run(null, (manager): Promise<{ count: number }[]> =>
    manager.query(sql),
  )
  return rows[0]!.count
}

const changed = (url: URL, change: (query: URLSearchParams) => void): URL => {
  const copy = new URL(url)
  change(copy.searchParams)
  return copy
}

test('the way itself is open: without an attack a session begins', async () => {
  expect(await world.logIn(jar)).toBe('/')
  expect(await world.me(jar)).toMatchObject({ username: 'mallory' })
})

test('CON-3: an address is not verified by what UserInfo says of another one', async () => {
  const by = '/api/oidc/login?provider=by-domain'
  const sub = 'sub-of-two-addresses'
  const other = { sub, email: 'm@elsewhere.com', email_verified: true }
  world.company.person = { sub, preferred_username: 'mallory', email: 'm@example.com' }
  world.company.answers.set('/me', (response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(other))
  })
  await expectRefused(await world.goThere(jar, by), 'email_not_verified')
})

describe('the way back', () => {
  const WRONG: readonly (readonly [string, (query: URLSearchParams) => void, string])[] = [
    ['a missing state', (query) => query.delete('state'), 'flow_not_valid'],
    ['an empty state', (query) => query.set('state', ''), 'flow_not_valid'],
    ['a foreign state', (query) => query.set('state', randomBytes(32).toString('base64url')), 'flow_not_valid'],
    ['a missing code', (query) => query.delete('code'), 'answer_not_valid'],
    ['a code nobody gave', (query) => query.set('code', 'made-up'), 'answer_not_valid'],
    ['a missing iss', (query) => query.delete('iss'), 'answer_not_valid'],
    ['a foreign iss', (query) => query.set('iss', 'https://evil.example.com'), 'answer_not_valid'],
    ['an ID token in the address', (query) => query.set('id_token', 'e30.e30.e30'), 'answer_not_valid'],
    ['a signed answer nobody asked for', (query) => query.set('response', 'e30.e30.e30'), 'answer_not_valid'],
  ]
  test.each(WRONG)('CON-3: %s makes no session', async (_, change, fault) => {
    await expectRefused(changed(await world.goThere(jar), change), fault)
  })

  test('CON-3: a replayed state makes no session', async () => {
    const back = await world.goThere(jar)
    await (await jar.get(back)).body?.cancel()
    const session = jar.cookies.get('mcphub_session')
    expect(session).toBeDefined()
    jar.cookies.delete('mcphub_session')
    await expectRefused(back, 'flow_not_valid')
  })

  test('CON-3: the address in another browser makes no session, and leaves it to the right one', async () => {
    const back = await world.goThere(jar)
    await expectRefused(back, 'flow_not_valid', openJar())
    const other = openJar()
    await (await other.get(new URL(COMPANY, world.hub.url))).body?.cancel()
    await expectRefused(back, 'flow_not_valid', other)
    expect((await jar.get(back)).headers.get('location')).toBe('/')
  })

  test('CON-3: a browser cookie of somebody else before the start is not taken over', async () => {
    jar.cookies.set('mcphub_login', 'planted-planted-planted-planted')
    const back = await world.goThere(jar)
    expect(jar.cookies.get('mcphub_login')).not.toBe('planted-planted-planted-planted')
    const attacker = openJar()
    attacker.cookies.set('mcphub_login', 'planted-planted-planted-planted')
    await expectRefused(back, 'flow_not_valid', attacker)
  })

  test('CON-3: an expired flow makes no session', async () => {
    const back = await world.goThere(jar)
    const age = "UPDATE login_flows SET expires_at = now() - interval '1 second'"
    await world.hub.world.opened.database.run(null, (manager) => manager.query(age))
    await expectRefused(back, 'flow_not_valid')
  })

  test('CON-3: of two at the same moment one comes in', async () => {
    const back = await world.goThere(jar)
    const cookies = new Map(jar.cookies)
    const both = [openJar(), openJar()]
    for (const each of both) for (const [name, value] of cookies) each.cookies.set(name, value)
    const answers = await Promise.all(both.map((each) => each.get(back)))
    const ends = answers.map((answer) => faultOf(answer.headers.get('location') ?? '/'))
    expect(new Set(ends)).toEqual(new Set(['flow_not_valid', null]))
  })

  test('CON-3: a code used twice makes no session', async () => {
    const first = await world.goThere(jar)
    expect((await jar.get(first)).headers.get('location')).toBe('/')
    const fresh = openJar()
    const second = await world.goThere(fresh)
    const code = first.searchParams.get('code')!
    await expectRefused(
      changed(second, (query) => query.set('code', code)),
      'answer_not_valid',
      fresh,
    )
  })

  test('CON-3: a code of another flow (PKCE) makes no session', async () => {
    const attacker = openJar()
    const theirs = await world.goThere(attacker)
    const own = await world.goThere(jar)
    const code = theirs.searchParams.get('code')!
    await expectRefused(
      changed(own, (query) => query.set('code', code)),
      'answer_not_valid',
    )
  })

  test('CON-3: PKCE removed on the way there makes no session', async () => {
    const start = await world.get(jar, COMPANY)
    const there = new URL(start.headers.get('location')!)
    expect(there.searchParams.get('code_challenge_method')).toBe('S256')
    expect(there.searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/)
    there.searchParams.delete('code_challenge')
    there.searchParams.delete('code_challenge_method')
    const back = await jar.follow(there, (url) => url.origin === world.hub.url)
    await expectRefused(back, 'answer_not_valid')
  })

  test.each([
    ['access_denied', 'cancelled'],
    ['server_error', 'provider_busy'],
    ['temporarily_unavailable', 'provider_busy'],
    ['invalid_scope', 'provider_refused'],
    ['<script>alert(1)</script>', 'provider_refused'],
  ])('CON-3: the error %s makes no session', async (error, fault) => {
    const back = changed(await world.goThere(jar), (query) => {
      query.delete('code')
      query.set('error', error)
      query.set('error_description', '<b>bold</b>')
    })
    await expectRefused(back, fault)
  })
})

describe('the way back from GitHub', () => {
  test('CON-3: a code of another flow (PKCE) makes no session: there is no nonce beside it', async () => {
    const theirs = await world.goThere(openJar(), GITHUB)
    const own = await world.goThere(jar, GITHUB)
    const asked = world.github.asked.at(-1)!
    expect([asked.get('code_challenge_method'), asked.get('code_challenge')?.length]).toEqual(['S256', 43])
    const code = theirs.searchParams.get('code')!
    await expectRefused(
      changed(own, (query) => query.set('code', code)),
      'answer_not_valid',
    )
  })

  test('CON-3: a code used twice, a replayed state and another browser make no session', async () => {
    const first = await world.goThere(jar, GITHUB)
    expect((await jar.get(first)).headers.get('location')).toBe('/')
    jar.cookies.delete('mcphub_session')
    await expectRefused(first, 'flow_not_valid')
    const second = await world.goThere(jar, GITHUB)
    await expectRefused(second, 'flow_not_valid', openJar())
    const code = first.searchParams.get('code')!
    await expectRefused(
      changed(second, (query) => query.set('code', code)),
      'answer_not_valid',
    )
  })
})

describe('two providers', () => {
  test('CON-3: a mix-up of two providers makes no session, with their iss and without', async () => {
    const mine = await world.goThere(jar)
    const elsewhere = openJar()
    const theirs = await world.goThere(elsewhere, '/api/oidc/login?provider=other')
    const codeOfOther = theirs.searchParams.get('code')!
    const iss = theirs.searchParams.get('iss')!
    expect(iss).toBe(world.other.issuer)
    await expectRefused(
      changed(mine, (query) => {
        query.set('code', codeOfOther)
        query.set('iss', iss)
      }),
      'answer_not_valid',
    )
    const again = await world.goThere(jar)
    await expectRefused(
      changed(again, (query) => {
        query.set('code', codeOfOther)
        query.delete('iss')
      }),
      'answer_not_valid',
    )
    // what was sent to the wrong one has not been given away: the right one never asked for it
    expect(world.company.seen.filter((url) => url.includes(codeOfOther))).toEqual([])
  })

  test('CON-3: a mix-up with GitHub makes no session', async () => {
    const back = await world.goThere(jar, GITHUB)
    await expectRefused(
      changed(back, (query) => query.set('iss', world.company.issuer)),
      'answer_not_valid',
    )
    const own = await world.goThere(jar)
    const github = await world.goThere(openJar(), GITHUB)
    await expectRefused(
      changed(own, (query) => {
        query.set('code', github.searchParams.get('code')!)
        query.delete('iss')
      }),
      'answer_not_valid',
    )
  })
})

describe('a hostile provider that leads on to another one, whose answers do not say whose they are', () => {
  const HOSTILE = '/api/oidc/login?provider=other'
  let fresh: LoginWorld
  beforeAll(async () => {
    fresh = await startLoginWorld()
    const { other } = fresh
    const address = '/.well-known/openid-configuration'
    const { authorization_response_iss_parameter_supported: _, ...described } = (await (
      await fetch(other.issuer + address)
    ).json()) as Record<string, unknown>
    // else the missing `iss` alone would give it away
    other.answers.set(address, (response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(described))
    })
  })
  afterAll(() => fresh.stop())
  beforeEach(() => {
    fresh.github.person = { id: 67, login: 'victim' }
    fresh.other.seen.length = 0
  })

  /** Where the browser ends that was to go to the hostile provider, which asks GitHub to send it back to `returnTo`. */
  async function leadOn(returnTo: string): Promise<URL> {
    const { hub, other, github } = fresh
    other.answers.set('/auth', (response) => {
      const query = new URL(response.req.url!, other.issuer).searchParams
      query.set('client_id', github.clientId)
      query.set('redirect_uri', hub.url + returnTo)
      query.delete('scope')
      response.writeHead(302, { location: `${github.url}/login/oauth/authorize?${query.toString()}` }).end()
    })
    return fresh.goThere(jar, HOSTILE)
  }

  test('CON-3: its mix-up makes no session, and no code of GitHub is shown to it', async () => {
    const back = await leadOn('/api/oauth/callback/github')
    expect(back.pathname).toBe('/api/oauth/callback/github')
    expect(back.searchParams.get('code')).toMatch(/^[0-9a-f]{20}$/)
    const answer = await jar.get(back)
    expect(faultOf(answer.headers.get('location')!)).toBe('answer_not_valid')
    expect(jar.cookies.has('mcphub_session')).toBe(false)
    // neither it nor GitHub was asked for anything
    expect(fresh.other.seen.map((url) => new URL(url, fresh.other.issuer).pathname)).not.toContain('/token')
    expect(fresh.github.tokens).toEqual([])
    // and the flow is over: at its own address, too, the code is shown to nobody
    const own = new URL(back)
    own.pathname = '/api/oauth/callback/other'
    expect(faultOf((await jar.get(own)).headers.get('location')!)).toBe('flow_not_valid')
    expect(fresh.other.seen.map((url) => new URL(url, fresh.other.issuer).pathname)).not.toContain('/token')
  })

  test.each(['/api/oauth/callback/other', '/api/oauth/callback', '/api/oauth/callback/github/../other'])(
    'CON-3: GitHub sends nobody back to %s with a code',
    async (returnTo) => {
      const back = await leadOn(returnTo)
      expect([back.pathname, back.searchParams.get('code')]).toEqual(['/api/oauth/callback/github', null])
      expect(faultOf((await jar.get(back)).headers.get('location')!)).toBe('answer_not_valid')
      expect(fresh.other.seen.map((url) => new URL(url, fresh.other.issuer).pathname)).not.toContain('/token')
    },
  )

  test('but for that it would have been shown: this is how far a provider of one’s own gets', async () => {
    const back = await leadOn('/api/oauth/callback/github')
    const own = new URL(back)
    own.pathname = '/api/oauth/callback/other'
    await (await jar.get(own)).body?.cancel()
    expect(fresh.other.seen.map((url) => new URL(url, fresh.other.issuer).pathname)).toContain('/token')
  })
})

describe('the address people come back to', () => {
  test.each(['/api/oauth/callback/nobody', '/api/oauth/callback/github', '/api/oauth/callback/by-domain'])(
    'CON-3: an answer at %s, which is not its provider’s, makes no session, and is used up',
    async (pathname) => {
      const back = await world.goThere(jar)
      const elsewhere = new URL(back)
      elsewhere.pathname = pathname
      await expectRefused(elsewhere, 'answer_not_valid')
      await expectRefused(back, 'flow_not_valid')
    },
  )

  test('without the name of a provider, or with one that cannot be one, there is nothing', async () => {
    const back = await world.goThere(jar)
    for (const [pathname, status] of [
      ['/api/oauth/callback', 404],
      ['/api/oauth/callback/', 404],
      ['/api/oauth/callback/company/x', 404],
      ['/api/oauth/callback/Company', 400],
    ] as const) {
      const wrong = new URL(back)
      wrong.pathname = pathname
      expect((await jar.get(wrong)).status).toBe(status)
    }
    expect((await jar.get(back)).headers.get('location')).toBe('/')
  })

  test('whoever only looks at it (HEAD) does not use it up, nor begins anything', async () => {
    const back = await world.goThere(jar)
    const cookie = [...jar.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const start = new URL(COMPANY, world.hub.url)
    for (const url of [back, start]) {
      const answer = await fetch(url, { method: 'HEAD', redirect: 'manual', headers: { cookie } })
      expect([answer.status, answer.headers.get('allow'), answer.headers.getSetCookie()]).toEqual([405, 'GET', []])
    }
    expect((await jar.get(back)).headers.get('location')).toBe('/')
  })
})

describe('the ID token', () => {
  const seconds = (): number => Math.floor(Date.now() / 1000)
  const set = (change: JwtPayload) => ({ payload: (payload: JwtPayload) => ({ ...payload, ...change }) })
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const unsigned = (alg: string) => ({
    token: (idToken: string) => `${part({ alg, typ: 'JWT' })}.${part(readPayload(idToken))}.`,
  })

  const WRONG: readonly (readonly [string, () => Tampering | Promise<Tampering>])[] = [
    ['a wrong nonce', () => set({ nonce: 'another' })],
    ['a missing nonce', () => set({ nonce: undefined })],
    ['a wrong iss', () => set({ iss: 'https://evil.example.com' })],
    ['a missing iss', () => set({ iss: undefined })],
    ['a wrong aud', () => set({ aud: 'another-client' })],
    ['a missing aud', () => set({ aud: undefined })],
    ['more than one aud without azp', () => set({ aud: ['mcphub', 'another-client'] })],
    ['a wrong azp', () => set({ aud: ['mcphub', 'another-client'], azp: 'another-client' })],
    ['an expired token', () => set({ exp: seconds() - 120 })],
    ['a missing exp', () => set({ exp: undefined })],
    ['a token of the future', () => set({ nbf: seconds() + 600 })],
    ['a missing sub', () => set({ sub: undefined })],
    ['an empty sub', () => set({ sub: '' })],
    ['another person than UserInfo tells of', () => set({ sub: 'sub-somebody-else' })],
    ['alg none', () => unsigned('none')],
    ['alg None', () => unsigned('None')],
    ['no signature', () => ({ token: (idToken) => `${idToken.split('.').slice(0, 2).join('.')}.` })],
    ['a changed signature', () => ({ token: (idToken) => `${idToken.slice(0, -8)}AAAAAAAA` })],
    ['a key of somebody else', async () => ({ key: (await generateKeyPair('RS256')).privateKey })],
    ['HS256 with the client secret', () => hs256(world.company.clientSecret)],
    ['HS256 with the public key', () => hs256(world.company.publicKeyText)],
    ['another algorithm than announced', async () => es256()],
    ['a token that is none', () => ({ token: () => 'not.a.token' })],
    ['an encrypted token', () => ({ token: () => 'e30.e30.e30.e30.e30' })],
  ]
  const hs256 = (secret: string): Tampering => ({ header: { alg: 'HS256' }, key: Buffer.from(secret.padEnd(32, '=')) })
  const es256 = async (): Promise<Tampering> => ({
    header: { alg: 'ES256' },
    key: (await generateKeyPair('ES256')).privateKey,
  })

  test.each(WRONG)('CON-3: %s makes no session', async (_, tamper) => {
    world.company.tampering = await tamper()
    await expectRefused(await world.goThere(jar), 'answer_not_valid')
  })

  test('a clock that is a little off does no harm', async () => {
    world.company.tampering = set({ exp: seconds() - 30, iat: seconds() + 30 })
    expect(await world.logIn(jar)).toBe('/')
  })
})

test('CON-3: a provider that calls itself something else is asked nothing', async () => {
  const description = {
    ...{ issuer: 'https://evil.example.com', authorization_endpoint: `${world.other.issuer}/auth` },
    ...{ token_endpoint: `${world.other.issuer}/token`, jwks_uri: `${world.other.issuer}/jwks` },
  }
  // the first that asks for it asks anew
  const fresh = await startLoginWorld()
  try {
    fresh.company.answers.set('/.well-known/openid-configuration', (response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(description))
    })
    const answer = await fresh.get(jar, COMPANY)
    expect(faultOf(answer.headers.get('location') ?? '')).toBe('provider_refused')
    expect(fresh.company.seen).toEqual(['/.well-known/openid-configuration'])
  } finally {
    await fresh.stop()
  }
})

test('CON-3: an algorithm the hub does not take makes no session, however well it is signed', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES384', { extractable: true })
  const fresh = await startLoginWorld()
  try {
    const { company } = fresh
    const address = '/.well-known/openid-configuration'
    const own = (await (await fetch(company.issuer + address)).json()) as object
    const answer = (path: string, body: object) =>
      company.answers.set(path, (response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      })
    answer(address, { ...own, id_token_signing_alg_values_supported: ['RS256', 'ES384'] })
    answer('/jwks', { keys: [{ ...(await exportJWK(publicKey)), kid: 'es', alg: 'ES384', use: 'sig' }] })
    company.tampering = { header: { alg: 'ES384', kid: 'es' }, key: privateKey }
    expect(faultOf(await fresh.logIn(jar))).toBe('answer_not_valid')
    expect(jar.cookies.has('mcphub_session')).toBe(false)
    // it was the algorithm: the signature was looked at and found right
    expect(company.seen).toContain('/jwks')
    expect(fresh.hub.lines.find((line) => line.includes('did not come in'))).toContain('signed by ES384')
  } finally {
    await fresh.stop()
  }
})

test('what was refused stands in the audit and in the log, without state, code or token', async () => {
  const { hub, company } = world
  hub.records.length = 0
  hub.lines.length = 0
  company.tampering = { payload: (payload) => ({ ...payload, nonce: 'another' }) }
  const back = await world.goThere(jar)
  await expectRefused(back, 'answer_not_valid')
  expect(hub.records).toMatchObject([
    {
      ...{ action: 'GET /api/oauth/callback/:id', outcome: 'refused', code: 'forbidden', userId: null },
      target: 'company answer_not_valid',
    },
  ])
  const line = hub.lines.find((one) => one.includes('did not come in'))
  expect(JSON.parse(line ?? '{}')).toMatchObject({ provider: 'company', fault: 'answer_not_valid' })
  for (const secret of [back.searchParams.get('state')!, back.searchParams.get('code')!, ...company.tokens])
    expect(hub.lines.join('') + JSON.stringify(hub.records)).not.toContain(secret)
})
