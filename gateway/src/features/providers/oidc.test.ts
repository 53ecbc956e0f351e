// What is asked of an OpenID Connect provider before anybody is sent there: how often, of whom, and what it may answer.
import { describe, expect, test } from 'vitest'
import { LoginRefusal } from './login-refusal.ts'
import { createOidcProvider } from './oidc.ts'
import type { ProviderFetch } from './provider-fetch.ts'
import type { OidcSetting } from './provider-settings.ts'

const ISSUER = 'https://sso.example.com/realms/acme'
const MINUTE = 60_000

const setting = (change: Partial<OidcSetting> = {}): OidcSetting => ({
  ...{ id: 'sso', kind: 'oidc', label: 'SSO', source: 'config', newPeople: 'Create', clientId: 'hub', secret: null },
  ...{ issuer: ISSUER, scopes: ['openid', 'email'], claims: ['groups'] },
  allow: { domains: [], groups: [], tenants: [], everyone: true },
  ...change,
})
const described = (change: object = {}): object => ({
  ...{ issuer: ISSUER, authorization_endpoint: `${ISSUER}/auth`, token_endpoint: `${ISSUER}/token` },
  ...{ jwks_uri: `${ISSUER}/keys`, code_challenge_methods_supported: ['S256'] },
  ...change,
})
const question = {
  ...{ redirectUri: 'https://hub.example.com/api/oauth/callback/sso', state: 'st', nonce: 'no', challenge: 'ch' },
}

interface World {
  readonly asked: string[]
  answer: () => Response | Promise<Response>
  now: number
}

function open(given: OidcSetting = setting()) {
  const world: World = { asked: [], answer: () => Response.json(described()), now: 1_000 }
  const fetch = (async (input: unknown) => {
    world.asked.push(String(input))
    return world.answer()
  }) as ProviderFetch
  const provider = createOidcProvider(given, { fetch, logger: { warn: () => undefined }, now: () => world.now })
  return { world, provider }
}

const faultOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (thrown: unknown) => (thrown instanceof LoginRefusal ? thrown.fault : Promise.reject(thrown)),
  )

describe('the way there', () => {
  test('carries what binds the answer, and no secret', async () => {
    const { provider } = open()
    const url = await provider.begin(question)
    expect(`${url.origin}${url.pathname}`).toBe(`${ISSUER}/auth`)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      ...{ client_id: 'hub', response_type: 'code', redirect_uri: question.redirectUri, scope: 'openid email' },
      ...{ state: 'st', nonce: 'no', code_challenge: 'ch', code_challenge_method: 'S256' },
    })
  })

  test('is left open to its endpoint alone, once that is known', async () => {
    const { provider } = open()
    const url = new URL(`${ISSUER}/auth?x=1`)
    expect(provider.isEndpoint(url)).toBe(false)
    await provider.begin(question)
    expect(provider.isEndpoint(url)).toBe(true)
    for (const other of [`${ISSUER}/token`, 'https://sso.example.com/', 'https://evil.example.com/realms/acme/auth'])
      expect(provider.isEndpoint(new URL(other))).toBe(false)
  })
})

describe('what a provider says of itself', () => {
  test('is asked once by many at the same time, and again after ten minutes', async () => {
    const { world, provider } = open()
    await Promise.all(Array.from({ length: 20 }, () => provider.begin(question)))
    expect(world.asked).toEqual([`${ISSUER}/.well-known/openid-configuration`])
    world.now += 10 * MINUTE - 1
    await provider.begin(question)
    expect(world.asked).toHaveLength(1)
    world.now += 1
    await provider.begin(question)
    expect(world.asked).toHaveLength(2)
  })

  test('that it did not answer is not remembered', async () => {
    const { world, provider } = open()
    world.answer = () => new Response(null, { status: 503 })
    expect(await faultOf(provider.begin(question))).toBe('provider_busy')
    world.answer = () => Response.json(described())
    expect(await faultOf(provider.begin(question))).toBe('none')
  })

  test.each([
    ['another issuer', described({ issuer: 'https://sso.example.com/realms/other' })],
    ['no issuer', described({ issuer: undefined })],
    ['no way there', described({ authorization_endpoint: undefined })],
    ['no tokens', described({ token_endpoint: undefined })],
    ['no keys', described({ jwks_uri: undefined })],
    ['an unprotected way there', described({ authorization_endpoint: 'http://sso.example.com/auth' })],
    ['unprotected tokens', described({ token_endpoint: 'http://sso.example.com/token' })],
    ['unprotected keys', described({ jwks_uri: 'http://sso.example.com/keys' })],
    ['a script', described({ authorization_endpoint: 'javascript:alert(1)' })],
    ['a list', []],
  ])('%s leads nowhere', async (_, body) => {
    const { world, provider } = open()
    world.answer = () => Response.json(body)
    expect(await faultOf(provider.begin(question))).toBe('provider_refused')
    expect(provider.isEndpoint(new URL(`${ISSUER}/auth`))).toBe(false)
  })

  test('is asked without protection on this machine alone', async () => {
    const { world, provider } = open(setting({ issuer: 'http://sso.example.com' }))
    expect(await faultOf(provider.begin(question))).toBe('provider_refused')
    expect(world.asked).toEqual([])
    const local = open(setting({ issuer: 'http://localhost:8080' }))
    const own = 'http://localhost:8080'
    const endpoints = { authorization_endpoint: `${own}/auth`, token_endpoint: `${own}/token`, jwks_uri: `${own}/keys` }
    local.world.answer = () => Response.json(described({ issuer: own, ...endpoints }))
    expect((await local.provider.begin(question)).href).toMatch(/^http:\/\/localhost:8080\/auth\?/)
  })
})
