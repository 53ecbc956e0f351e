// What is decided around the way to a provider and back, with everything else in hand: bounds, the hub's own faults, how often is tried again.
import { HubError } from '@mcphub/api'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../secrets/secret.ts'
import { LoginRefusal } from './login-refusal.ts'
import type { Proof } from './provider.ts'
import { type ProviderLoginDeps, type Return, type Start, createProviderLogins } from './provider-logins.ts'
import type { OidcSetting } from './provider-settings.ts'

const SETTING: OidcSetting = {
  ...{ id: 'sso', kind: 'oidc', label: 'SSO', source: 'config', newPeople: 'Create', clientId: 'hub', secret: null },
  ...{ issuer: 'https://sso.example.com', scopes: ['openid'], claims: [] },
  allow: { domains: [], groups: [], tenants: [], everyone: true },
}
const PROOF: Proof = {
  account: { provider: SETTING.issuer, subject: 'sub' },
  ...{ wish: 'alice', label: null, sid: 'sid-1', claims: [] },
  facts: {
    ...{ kind: 'oidc', issuer: SETTING.issuer, email: null, isEmailVerified: false },
    ...{ hostedDomain: null, tenant: null, groups: [] },
  },
}
const FLOW = { provider: 'sso', returnTo: '/keys', linkUser: null, nonce: 'n', verifier: 'v' }

const start = (change: Partial<Start> = {}): Start => ({
  ...{ kind: 'oidc', provider: 'sso', returnTo: undefined, linkUser: null },
  ...{ origin: 'https://hub.example.com', mayLogIn: true, requestId: 'r-1', address: '192.0.2.1' },
  ...change,
})
const back = (change: Partial<Return> = {}): Return => ({
  ...{
    provider: 'sso',
    query: new URLSearchParams('state=st&code=c'),
    browser: 'b',
    visitor: { browser: 'test', presented: null },
  },
  ...{ readUserId: async () => null },
  ...{ origin: 'https://hub.example.com', mayLogIn: true, requestId: 'r-2', address: '192.0.2.1' },
  ...change,
})

interface Done {
  readonly lines: { readonly level: string; readonly fields: object }[]
  readonly calls: string[]
}

type Parts = Partial<Record<'finish' | 'begin' | 'take' | 'enter', () => unknown>> & { readonly wait?: number }

function open({ wait = 0, ...parts }: Parts = {}) {
  const done: Done = { lines: [], calls: [] }
  const call = (name: string, work: () => unknown) => async (): Promise<never> => {
    done.calls.push(name)
    return (await work()) as never
  }
  const provider = {
    begin: call('begin', parts.begin ?? (() => new URL('https://sso.example.com/auth'))),
    finish: call('finish', parts.finish ?? (() => PROOF)),
  }
  const set = { setting: SETTING, provider }
  const log = (level: string) => (fields: unknown) => void done.lines.push({ level, fields: fields as object })
  const deps = {
    providers: {
      find: () => set,
      choose: () => set,
      findOidc: () => null,
      findByAccount: () => null,
      isEndpoint: () => false,
    },
    flows: {
      draw: () => ({ state: 'st', nonce: 'n', verifier: 'v', challenge: 'ch', browser: new Secret('b') }),
      keep: call('keep', () => undefined),
      take: call('take', parts.take ?? (() => FLOW)),
    },
    flowStore: { claimOnce: async () => true },
    accounts: { enter: call('enter', parts.enter ?? (() => 'user-1')), link: call('link', () => undefined) },
    accountStore: { findOwner: async () => null, lock: async () => undefined },
    claims: { replace: call('claims', () => ({ dropped: 0 })), end: async () => undefined },
    sessions: {
      create: call('session', () => ({ session: {}, token: new Secret('t') })),
      endOfProviderIn: async () => 0,
    },
    transactor: { transaction: (work: (unit: never) => unknown) => work(undefined as never) },
    limiter: { take: () => wait, note: () => undefined },
    logger: { info: log('info'), warn: log('warn'), error: log('error') },
  }
  return { done, logins: createProviderLogins(deps as unknown as ProviderLoginDeps) }
}

describe('the way there', () => {
  test('is kept before it is told', async () => {
    const { done, logins } = open()
    expect(await logins.start(start())).toMatchObject({ kind: 'started' })
    expect(done.calls).toEqual(['begin', 'keep'])
  })

  test('is not begun where no session may travel, nor by too many at once', async () => {
    const insecure = open()
    expect(await insecure.logins.start(start({ mayLogIn: false }))).toMatchObject({ fault: 'needs_https' })
    const crowded = open({ wait: 7 })
    expect(await crowded.logins.start(start())).toMatchObject({ fault: 'too_many', retryAfterSeconds: 7 })
    expect([...insecure.done.calls, ...crowded.done.calls]).toEqual([])
  })

  test('nothing is kept of one that leads nowhere; a link says so on its own page', async () => {
    const refuse = (): never => {
      throw new LoginRefusal('provider_unreachable')
    }
    const { done, logins } = open({ begin: refuse })
    const started = await logins.start(start({ linkUser: 'user-1' }))
    expect(started).toMatchObject({ kind: 'refused', fault: 'provider_unreachable', isLink: true })
    expect(done.calls).toEqual(['begin'])
  })
})

describe('the way back', () => {
  test('ends where it was begun from, with a session', async () => {
    const { done, logins } = open()
    expect(await logins.finish(back())).toMatchObject({ kind: 'entered', returnTo: '/keys', provider: 'sso' })
    expect(done.calls).toEqual(['take', 'finish', 'enter', 'claims', 'session'])
  })

  test('takes no flow where no session may travel', async () => {
    const { done, logins } = open()
    expect(await logins.finish(back({ mayLogIn: false }))).toMatchObject({ fault: 'needs_https', provider: null })
    expect(done.calls).toEqual([])
  })

  test.each([
    ['without a state', { query: new URLSearchParams('code=c') }],
    ['without the browser’s cookie', { browser: null }],
  ])('%s asks nobody', async (_, change) => {
    const { done, logins } = open()
    expect(await logins.finish(back(change))).toMatchObject({ fault: 'flow_not_valid', provider: null })
    expect(done.calls).toEqual([])
  })

  test('that ends at the address of another provider shows the code to nobody, and is over', async () => {
    const { done, logins } = open()
    const refused = { kind: 'refused', fault: 'answer_not_valid', provider: 'sso', isLink: false }
    expect(await logins.finish(back({ provider: 'github' }))).toMatchObject(refused)
    expect(done.calls).toEqual(['take'])
    expect(done.lines).toMatchObject([{ level: 'info', fields: { detail: 'came back to the address of github' } }])
    const link = open({ take: () => ({ ...FLOW, linkUser: 'user-1' }) })
    const elsewhere = back({ provider: 'github', readUserId: async () => 'user-1' })
    expect(await link.logins.finish(elsewhere)).toMatchObject({ ...refused, isLink: true })
    expect(link.done.calls).toEqual(['take'])
  })

  test('a name that was taken at the same moment is tried again, at most twice', async () => {
    const conflict = (): never => {
      throw new HubError('conflict', 'A user of that name exists already')
    }
    let left = 2
    const lucky = open({ enter: () => (left-- > 0 ? conflict() : 'user-1') })
    expect(await lucky.logins.finish(back())).toMatchObject({ kind: 'entered' })
    const unlucky = open({ enter: conflict })
    expect(await unlucky.logins.finish(back())).toMatchObject({ fault: 'hub_fault' })
    expect(unlucky.done.calls.filter((name) => name === 'enter')).toHaveLength(3)
  })

  test.each([
    ['the database is away', new HubError('database_unavailable', 'away', { retryAfterSeconds: 5 }), 'warn', 5],
    ['something is broken', new TypeError('x is not a function'), 'error', null],
  ])('%s: the hub says it is its own fault, and the log says which', async (_, thrown, level, seconds) => {
    const { done, logins } = open({
      take: () => {
        throw thrown
      },
    })
    const finished = await logins.finish(back())
    expect(finished).toMatchObject({ kind: 'refused', fault: 'hub_fault', retryAfterSeconds: seconds })
    expect(done.lines).toMatchObject([{ level, fields: { requestId: 'r-2' } }])
  })

  test('who asked for a link and is somebody else by now links nothing', async () => {
    const { done, logins } = open({ take: () => ({ ...FLOW, linkUser: 'user-1' }) })
    expect(await logins.finish(back({ readUserId: async () => 'user-2' }))).toMatchObject({ fault: 'flow_not_valid' })
    expect(done.calls).toEqual(['take'])
    expect(await logins.finish(back({ readUserId: async () => 'user-1' }))).toEqual({ kind: 'linked', provider: 'sso' })
  })
})

test('what is refused as a provider’s word of a log-out is bounded', async () => {
  await expect(open({ wait: 3 }).logins.logOut('sso', 'x', '192.0.2.1')).rejects.toMatchObject({
    code: 'too_many_requests',
  })
})
