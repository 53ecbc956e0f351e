import { describe, expect, test } from 'vitest'
import { checkAllowed } from './allow-list.ts'
import type { GithubSetting, OidcSetting } from './provider-settings.ts'
import type { PersonFacts } from './provider.ts'

const common = { id: 'x', label: 'X', clientId: 'c', secret: null, newPeople: 'Create', source: 'config' } as const

const github = (allow: Partial<GithubSetting['allow']>): GithubSetting => ({
  ...{ ...common, kind: 'github', webUrl: 'https://github.com', apiUrl: 'https://api.github.com' },
  allow: { organisations: [], everyone: false, ...allow },
})
const oidc = (allow: Partial<OidcSetting['allow']>): OidcSetting => ({
  ...{ ...common, kind: 'oidc', issuer: 'https://id.example.com', scopes: ['openid'], claims: ['groups'] },
  allow: { domains: [], groups: [], tenants: [], everyone: false, ...allow },
})
const member = (...organisations: string[]): PersonFacts => ({ kind: 'github', organisations })
const person = (facts: Partial<Extract<PersonFacts, { kind: 'oidc' }>>): PersonFacts => ({
  ...{ kind: 'oidc', issuer: 'https://id.example.com', email: null, isEmailVerified: false },
  ...{ hostedDomain: null, tenant: null, groups: [] },
  ...facts,
})
const GOOGLE = 'https://accounts.google.com'

describe('who may come in', () => {
  test.each([
    ['everybody, where that is written out', github({ everyone: true }), member(), null],
    ['nobody, where nothing is written out', github({}), member('acme'), 'not_in_organisation'],
    ['a member', github({ organisations: ['Acme'] }), member('acme'), null],
    ['a member of one of several', github({ organisations: ['beta', 'Acme'] }), member('acme'), null],
    ['no member', github({ organisations: ['acme'] }), member('acme-fans'), 'not_in_organisation'],
    [
      'no member, even with everyone beside',
      github({ organisations: ['acme'], everyone: true }),
      member(),
      'not_in_organisation',
    ],
    ['proof of another kind', github({ everyone: true }), person({}), 'hub_fault'],
  ] as const)('GitHub: %s', (_, setting, facts, fault) => expect(checkAllowed(setting, facts)).toBe(fault))

  const domains = oidc({ domains: ['example.com'] })
  test.each([
    ['everybody, where that is written out', oidc({ everyone: true }), {}, null],
    ['nobody, where nothing is written out', oidc({}), { groups: ['staff'] }, 'not_in_group'],
    ['a verified address', domains, { email: 'a@example.com', isEmailVerified: true }, null],
    ['a verified address, however it is written', domains, { email: 'A@EXAMPLE.com', isEmailVerified: true }, null],
    ['an address that is not verified', domains, { email: 'a@example.com' }, 'email_not_verified'],
    ['an address elsewhere', domains, { email: 'a@other.com', isEmailVerified: true }, 'not_in_domain'],
    ['a domain below', domains, { email: 'a@evil.example.com', isEmailVerified: true }, 'not_in_domain'],
    ['a domain that ends alike', domains, { email: 'a@notexample.com', isEmailVerified: true }, 'not_in_domain'],
    ['two signs in one address', domains, { email: 'a@evil.com@example.com', isEmailVerified: true }, 'not_in_domain'],
    ['no address', domains, { isEmailVerified: true }, 'not_in_domain'],
    ['a hosted domain of somebody other than Google', domains, { hostedDomain: 'example.com' }, 'not_in_domain'],
    ['a group', oidc({ groups: ['staff', 'guests'] }), { groups: ['guests'] }, null],
    ['a group written otherwise', oidc({ groups: ['staff'] }), { groups: ['Staff'] }, 'not_in_group'],
    ['no group', oidc({ groups: ['staff'] }), {}, 'not_in_group'],
    ['a tenant', oidc({ tenants: ['7f3a'] }), { tenant: '7F3A' }, null],
    ['another tenant', oidc({ tenants: ['7f3a'] }), { tenant: '0000' }, 'not_in_tenant'],
    ['no tenant', oidc({ tenants: ['7f3a'] }), {}, 'not_in_tenant'],
    [
      'the domain, but not the group',
      oidc({ domains: ['example.com'], groups: ['staff'] }),
      { email: 'a@example.com', isEmailVerified: true },
      'not_in_group',
    ],
    [
      'the group, but not the tenant',
      oidc({ tenants: ['7f3a'], groups: ['staff'] }),
      { groups: ['staff'] },
      'not_in_tenant',
    ],
  ] as const)('OpenID Connect: %s', (_, setting, facts, fault) =>
    expect(checkAllowed(setting, person(facts))).toBe(fault),
  )

  test.each([
    ['a domain it hosts', { hostedDomain: 'example.com', email: 'a@example.com', isEmailVerified: true }, null],
    [
      'another one it hosts',
      { hostedDomain: 'evil.com', email: 'a@example.com', isEmailVerified: true },
      'not_in_domain',
    ],
    // such an account can be made with any address one once could read mail of
    ['an address it only verified', { email: 'a@example.com', isEmailVerified: true }, 'not_in_domain'],
    ['its own mail, where that is not asked for', { email: 'a@gmail.com', isEmailVerified: true }, 'not_in_domain'],
  ] as const)('Google: %s', (_, facts, fault) =>
    expect(checkAllowed(domains, person({ issuer: GOOGLE, ...facts }))).toBe(fault),
  )

  test('Google: its own mail, where that is asked for', () => {
    const facts = person({ issuer: GOOGLE, email: 'a@gmail.com', isEmailVerified: true })
    expect(checkAllowed(oidc({ domains: ['gmail.com'] }), facts)).toBeNull()
  })
})
