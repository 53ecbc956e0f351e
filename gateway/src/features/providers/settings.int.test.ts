// Providers' settings by REST, on PostgreSQL: what comes in, what never comes out, who wins, and that every replica knows.
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type ProviderCheckResponse, type ProviderResponse, providerConfig } from '@mcphub/api'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Person } from '../../../../test/kit/rest.ts'
import { type RestHub, startRestHub } from '../../../../test/kit/rest-hub.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { type PgWorld, makeTestRing, openPgWorld } from '../../../../test/kit/worlds.ts'
import { Secret } from '../../secrets/secret.ts'
import { checkKeyRing } from '../variables/ring-check.ts'
import { createPgProviderStore } from './pg-provider-store.ts'
import { createProviderSettings } from './settings-service.ts'

const SECRET = 'canary-client-secret-0123456789'
const OIDC = {
  ...{ kind: 'oidc', label: 'Acme', clientId: 'hub', issuer: 'https://sso.example' },
  allow: { domains: ['acme.example'] },
}
const GITHUB = { kind: 'github', label: 'GitHub', clientId: 'Iv1', allow: { organisations: ['acme'] } }

let hub: RestHub
let admin: Person

beforeAll(async () => {
  const configured = {
    ...providerConfig.parse(OIDC),
    id: 'fixed',
    secret: new Secret(SECRET),
    source: 'config',
  } as const
  hub = await startRestHub(undefined, { configured: [configured] })
  admin = await hub.addPerson('root', 'admin')
})
afterAll(() => hub.stop())
beforeEach(() => void (hub.records.length = 0))

const send = (method: string, path: string, body?: unknown) =>
  hub.send(method, `/api/admin/providers${path}`, { session: admin.session, ...(body === undefined ? {} : { body }) })
const list = async (): Promise<ProviderResponse[]> =>
  ((await send('GET', '')).json as { items: ProviderResponse[] }).items
const put = (id: string, config: object, more: object = {}) => send('PUT', `/${id}`, { config, version: null, ...more })

describe('a provider', () => {
  test('is added, changed and removed; its secret is in no answer, no record and no line of the log', async () => {
    const made = await put('acme', OIDC, { clientSecret: SECRET })
    const { version, ...rest } = made.json as ProviderResponse
    expect([made.status, rest]).toMatchObject([
      200,
      {
        ...{
          id: 'acme',
          kind: 'oidc',
          label: 'Acme',
          hasSecret: true,
          source: 'console',
          isHidden: false,
          enabled: true,
        },
        ...{ issuer: 'https://sso.example', webUrl: null, scopes: ['openid', 'profile', 'email'] },
        allow: { organisations: [], domains: ['acme.example'], groups: [], tenants: [], everyone: false },
      },
    ])
    expect(hub.providerSettings.find('acme')!.secret!.reveal()).toBe(SECRET)
    const kept = hub.providerSettings.find('acme')
    const changed = await put('acme', { ...OIDC, label: 'Acme Corp' }, { version })
    expect(hub.providerSettings.find('acme')).not.toBe(kept)
    expect(hub.providerSettings.find('acme')).toMatchObject({ label: 'Acme Corp' })
    expect(hub.providerSettings.find('acme')!.secret!.reveal()).toBe(SECRET)
    const next = (changed.json as ProviderResponse).version
    expect((await send('DELETE', `/acme?version=${version}`)).problem).toMatchObject({
      ...{ status: 409, data: { reason: 'providerChanged' } },
    })
    expect((await send('DELETE', `/acme?version=${next}`)).status).toBe(204)
    expect(hub.providerSettings.find('acme')).toBeNull()
    expect((await list()).map(({ id }) => id)).toEqual(['fixed'])
    expect(hub.records.map(({ detail }) => detail)).toMatchObject([
      { before: null, after: { id: 'acme', isSecretNew: true } },
      { before: { label: 'Acme' }, after: { label: 'Acme Corp', isSecretNew: false } },
      null,
      { before: { label: 'Acme Corp' }, after: null },
    ])
    const rows: unknown[] = await hub.world.opened.database.run(null, (m) => m.query('SELECT * FROM audit'))
    for (const text of [made.text, changed.text, JSON.stringify(hub.records), hub.lines.join(), JSON.stringify(rows)])
      expect(text).not.toContain(SECRET)
  })

  test('of the configuration is shown, and changed there alone; another of its name is kept and not used', async () => {
    expect((await send('GET', '')).json).toMatchObject({
      items: [{ id: 'fixed', source: 'config', version: null, hasSecret: true, isHidden: false }],
      redirectUri: `${hub.url}/api/oauth/callback/:id`,
      logoutUri: `${hub.url}/api/oidc/logout/:id`,
    })
    const refused = await put('fixed', OIDC)
    expect(refused.problem).toMatchObject({ status: 403, data: { reason: 'providerFromConfig' } })
    expect((await send('DELETE', `/fixed?version=${crypto.randomUUID()}`)).problem).toMatchObject({ status: 403 })
    // saved before the configuration named one
    const { database } = hub.world.opened
    const row = { config: providerConfig.parse(OIDC), sealed: null, enabled: true, updatedAt: new Date() }
    const version = crypto.randomUUID()
    await database.transaction(async (unit) => {
      await createPgProviderStore(database).put(unit, { ...row, id: 'fixed', version })
      unit.announce('providers', 'fixed')
    })
    expect((await list()).map(({ source, isHidden }) => [source, isHidden])).toEqual([
      ['config', false],
      ['console', true],
    ])
    expect(hub.providerSettings.list().map(({ source }) => source)).toEqual(['config'])
    expect((await send('DELETE', `/fixed?version=${version}`)).status).toBe(204)
  })

  test('that somebody else changed meanwhile is not overwritten; of two that save at once one does', async () => {
    const saved = await Promise.all(['One', 'Two'].map((label) => put('race', { ...OIDC, label })))
    expect(saved.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409])
    const { version } = saved.find(({ status }) => status === 200)!.json as ProviderResponse
    expect((await put('race', OIDC)).problem).toMatchObject({ code: 'conflict', data: { reason: 'providerChanged' } })
    await send('DELETE', `/race?version=${version}`)
  })

  test('that is switched off lets nobody in, and keeps what it has', async () => {
    const { version } = (await put('off', OIDC, { clientSecret: SECRET, enabled: false })).json as ProviderResponse
    expect(hub.providerSettings.find('off')).toBeNull()
    const on = (await put('off', OIDC, { version, enabled: true })).json as ProviderResponse
    expect(hub.providerSettings.find('off')!.secret!.reveal()).toBe(SECRET)
    await send('DELETE', `/off?version=${on.version}`)
  })

  test('never sends its kept secret to another address: whoever changes that must know it', async () => {
    const made = (await put('moved', OIDC, { clientSecret: SECRET })).json as ProviderResponse
    const elsewhere = { ...OIDC, issuer: 'https://mallory.example' }
    for (const config of [elsewhere, { ...OIDC, clientId: 'other' }]) {
      const refused = await put('moved', config, { version: made.version })
      expect(refused.problem.faults).toMatchObject([{ field: 'clientSecret', code: 'secretAgain' }])
    }
    expect(await hub.providerSettings.secretFor('moved', providerConfig.parse(elsewhere))).toBeNull()
    expect(await hub.providerSettings.secretFor('fixed', providerConfig.parse(elsewhere))).toBeNull()
    expect((await hub.providerSettings.secretFor('moved', providerConfig.parse(OIDC)))!.reveal()).toBe(SECRET)
    const moved = await put('moved', elsewhere, { version: made.version, clientSecret: 'another' })
    const open = await put('moved', elsewhere, {
      version: (moved.json as ProviderResponse).version,
      clientSecret: null,
    })
    expect(open.json).toMatchObject({ hasSecret: false })
    expect((await put('github', GITHUB)).problem.faults).toMatchObject([
      { field: 'clientSecret', code: 'secretNeeded' },
    ])
    await send('DELETE', `/moved?version=${(open.json as ProviderResponse).version}`)
  })
})

describe('a check', () => {
  /** A provider of whatever behaviour. */
  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener)
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const METADATA = {
    ...{ code_challenge_methods_supported: ['S256'], id_token_signing_alg_values_supported: ['RS256'] },
    backchannel_logout_supported: true,
  }
  async function serveOidc(metadata: object, answer: { status: number; error: string }): Promise<string> {
    const issuer = await serve((request, response) => {
      const isToken = request.url === '/token'
      const body = isToken ? { error: answer.error } : { issuer, token_endpoint: `${issuer}/token`, ...metadata }
      response.writeHead(isToken ? answer.status : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    })
    return issuer
  }
  async function check(config: object, more: object = {}): Promise<string[]> {
    const answer = await send('POST', '/check', { id: 'new', config, ...more })
    expect([answer.status, answer.text]).toEqual([200, answer.text])
    expect(answer.text).not.toContain(SECRET)
    return (answer.json as ProviderCheckResponse).items.map((item) => `${item.check} ${item.state}`)
  }
  const oidc = (issuer: string): object => ({ ...OIDC, issuer })

  test('of what is as it should be, and leaves no record', async () => {
    const issuer = await serveOidc(METADATA, { status: 400, error: 'invalid_grant' })
    expect(await check(oidc(issuer), { clientSecret: SECRET })).toEqual([
      ...['reach ok', 'issuer ok', 'pkce ok', 'signature ok', 'client ok', 'logout ok'],
    ])
    expect(hub.records).toEqual([])
  })

  test('shows the provider the address people come back to from it, and wants its id for that', async () => {
    const asked: (string | null)[] = []
    const webUrl = await serve((request, response) => {
      void text(request).then((body) => {
        asked.push(new URLSearchParams(body).get('redirect_uri'))
        response.end(JSON.stringify({ error: 'bad_verification_code' }))
      })
    })
    const config = { ...GITHUB, webUrl, apiUrl: webUrl }
    await check(config, { clientSecret: SECRET })
    await check(config, { id: 'acme-github', clientSecret: SECRET })
    expect(asked).toEqual([`${hub.url}/api/oauth/callback/new`, `${hub.url}/api/oauth/callback/acme-github`])
    for (const id of [undefined, 'Acme GitHub', '../x'])
      expect((await send('POST', '/check', { id, config })).problem.faults).toMatchObject([{ field: 'id' }])
    expect(asked).toHaveLength(2)
  })

  test.each([
    ['another issuer', { issuer: 'https://other.example' }, 'issuer failed'],
    ['no PKCE', { code_challenge_methods_supported: ['plain'] }, 'pkce failed'],
    ['nothing said of PKCE', { code_challenge_methods_supported: undefined }, 'pkce unknown'],
    ['signatures with a shared secret alone', { id_token_signing_alg_values_supported: ['HS256'] }, 'signature failed'],
    ['no back-channel logout', { backchannel_logout_supported: undefined }, 'logout missing'],
    ['a token endpoint that is none', { token_endpoint: 'file:///etc/passwd' }, 'client failed'],
  ])('%s', async (_what, metadata, says) => {
    const issuer = await serveOidc({ ...METADATA, ...metadata }, { status: 400, error: 'invalid_grant' })
    expect(await check(oidc(issuer))).toContain(says)
  })

  test.each([
    [{ status: 401, error: 'invalid_client' }, 'client failed'],
    [{ status: 400, error: 'unauthorized_client' }, 'client failed'],
    [{ status: 400, error: 'something_else' }, 'client unknown'],
  ])('a token endpoint that answers %o', async (answer, says) => {
    expect(await check(oidc(await serveOidc(METADATA, answer)), { clientSecret: SECRET })).toContain(says)
  })

  test('of GitHub, which says 200 and means no', async () => {
    const github = async (status: number, error: string): Promise<string[]> => {
      const webUrl = await serve((request, response) => {
        response.writeHead(request.url === '/login/oauth/access_token' ? status : 500).end(JSON.stringify({ error }))
      })
      return check({ ...GITHUB, webUrl, apiUrl: webUrl }, { clientSecret: SECRET })
    }
    expect(await github(200, 'bad_verification_code')).toEqual(['reach ok', 'client ok'])
    expect(await github(200, 'incorrect_client_credentials')).toEqual(['reach ok', 'client failed'])
    expect(await github(200, 'redirect_uri_mismatch')).toEqual(['reach ok', 'client failed'])
    expect(await github(404, '')).toEqual(['reach ok', 'client failed'])
    expect(await github(503, '')).toEqual(['reach failed'])
  })

  test('of what is not there, sends elsewhere, says no JSON, or never stops', async () => {
    expect(await check(oidc('http://127.0.0.1:1'))).toEqual(['reach failed'])
    const moved = await serve(
      (_request, response) => void response.writeHead(302, { location: 'https://x.example' }).end(),
    )
    expect(await check(oidc(moved))).toEqual(['reach failed'])
    const page = await serve((_request, response) => void response.end('<html>'))
    expect(await check(oidc(page))).toEqual(['reach ok', 'issuer failed'])
    const flood = await serve((_request, response) => {
      response.on('error', () => undefined)
      for (let at = 0; at < 3; at++) response.write('x'.repeat(1024 * 1024))
      response.end()
    })
    expect(await check(oidc(flood))).toEqual(['reach failed'])
  })

  test('of a stored one takes its secret, but never elsewhere', async () => {
    const seen: (string | undefined)[] = []
    const issuer: string = await serve((request, response) => {
      if (request.url === '/token') seen.push(request.headers.authorization)
      const body =
        request.url === '/token'
          ? { error: 'invalid_grant' }
          : { ...METADATA, issuer, token_endpoint: `${issuer}/token` }
      response.end(JSON.stringify(body))
    })
    const made = (await put('kept', oidc(issuer), { clientSecret: SECRET })).json as ProviderResponse
    await check(oidc(issuer), { id: 'kept' })
    await check({ ...oidc(issuer), clientId: 'other' }, { id: 'kept' })
    const basic = `Basic ${Buffer.from(`hub:${SECRET}`).toString('base64')}`
    expect(seen).toEqual([basic, undefined])
    await send('DELETE', `/kept?version=${made.version}`)
  })
})

describe('on every replica', () => {
  let world: PgWorld
  beforeAll(async () => {
    world = await openPgWorld()
  })
  afterAll(() => world.close())

  test('what one saves the other uses, with the notify channel cut; a new key of the ring takes the secrets with it', async () => {
    const ring = makeTestRing()
    const replicas = await Promise.all(
      [await world.replica(), await world.replica()].map(async ({ transactor, changes }) => {
        const store = createPgProviderStore(transactor as never)
        const settings = createProviderSettings({ configured: [], store, transactor, changes, ring })
        await settings.start()
        onTestFinished(() => settings.stop())
        return settings
      }),
    )
    const [near, far] = replicas as [(typeof replicas)[0], (typeof replicas)[0]]
    let told = 0
    far.subscribe(() => told++)
    const request = { config: providerConfig.parse(OIDC), enabled: true, version: null, clientSecret: SECRET }
    const { after } = await near.put('acme', request)
    await waitUntil(() => far.find('acme') !== null, 'the other replica', 5_000)
    expect(far.find('acme')!.secret!.reveal()).toBe(SECRET)
    expect(told).toBe(1)

    const old = ring.current
    ring.current = { id: 'second', key: Buffer.alloc(32, 2) }
    ring.keys.unshift(ring.current)
    expect(await near.reseal()).toEqual({ resealed: 1, failed: 0 })
    expect(await near.reseal()).toEqual({ resealed: 0, failed: 0 })
    const store = createPgProviderStore(world.opened.database)
    expect(await store.keyIds()).toEqual(['second'])
    ring.keys = ring.keys.filter((key) => key !== old)
    expect((await near.secretFor('acme', request.config))!.reveal()).toBe(SECRET)

    // a hub does not start with a ring that lacks the key, so that nothing is overwritten
    ring.keys = []
    expect(await near.secretFor('acme', request.config)).toBeNull()
    const check = { ring, settings: world.settings, store: world.variablesStore, others: [store] }
    await expect(checkKeyRing(check)).rejects.toThrow('it lacks second, with which values are sealed')
    await near.remove('acme', after.version!)
    await waitUntil(() => far.list().length === 0, 'gone there, too', 5_000)
  })
})
