import { providerId } from '@mcphub/api'
import { expect, test } from 'vitest'
import { ApiFault } from '../../../lib/api/fault.ts'
import { EMPTY, configOf, draftOf, hasFault, isName, proposeName, type Provider } from './provider-draft.ts'

const SSO: Provider = {
  ...{ id: 'sso', kind: 'oidc', label: 'Acme', enabled: true, source: 'console', isHidden: false, hasSecret: true },
  ...{ version: 'v', updatedAt: null, clientId: 'hub', newPeople: 'InvitedOnly', webUrl: null, apiUrl: null },
  ...{ issuer: 'https://sso.example', scopes: ['openid'], claims: ['groups'] },
  allow: { organisations: [], domains: ['a.example', 'b.example'], groups: [], tenants: [], everyone: false },
}
const GITHUB: Provider = {
  ...{ ...SSO, id: 'github', kind: 'github', label: 'GitHub', issuer: null, scopes: [], claims: [] },
  ...{ webUrl: 'https://github.com', apiUrl: 'https://ghe.example/api/v3' },
  allow: { organisations: ['acme'], domains: [], groups: [], tenants: [], everyone: false },
}

test('what was saved is sent as it was, and no secret is there to be sent', () => {
  expect(configOf(draftOf(SSO))).toEqual({
    ...{ kind: 'oidc', label: 'Acme', clientId: 'hub', newPeople: 'InvitedOnly', issuer: 'https://sso.example' },
    ...{ scopes: ['openid'], claims: ['groups'] },
    allow: { domains: ['a.example', 'b.example'], groups: [], tenants: [], everyone: false },
  })
  expect(configOf(draftOf(GITHUB))).toEqual({
    ...{ kind: 'github', label: 'GitHub', clientId: 'hub', newPeople: 'InvitedOnly' },
    apiUrl: 'https://ghe.example/api/v3',
    allow: { organisations: ['acme'], everyone: false },
  })
  expect(draftOf(SSO).clientSecret).toBe('')
})

test('lists are typed with commas, lines and spaces between', () => {
  const draft = { ...EMPTY, domains: ' a.example ,, b.example\nc.example ' }
  expect(configOf(draft).allow).toMatchObject({ domains: ['a.example', 'b.example', 'c.example'] })
})

test('what nobody named is called by what it is', () => {
  const taken = ['sso', 'sso-2', 'my']
  const kinds = ['oidc', 'github'] as const
  expect(kinds.map((kind) => proposeName(kind, []))).toEqual(['sso', 'github'])
  expect(kinds.map((kind) => proposeName(kind, taken))).toEqual(['sso-3', 'github'])
  expect(configOf({ ...EMPTY, issuer: 'https://sso.example/realms/a' }).label).toBe('sso.example')
  expect(configOf({ ...EMPTY, kind: 'github' }).label).toBe('GitHub')
})

test('what may be a short name is what the hub takes', () => {
  const right = ['a', '7', 'sso-2', 'a--b', 'x'.repeat(40)]
  const wrong = ['', '-', '-a', 'a-', 'A', 'a b', 'a/b', '../x', ':id', 'é', 'a\n', 'x'.repeat(41)]
  for (const text of [...right, ...wrong])
    expect([text, isName(text)]).toEqual([text, providerId.safeParse(text).success])
  expect(right.every(isName)).toBe(true)
  expect(wrong.some(isName)).toBe(false)
})

test('a fault of one of a list is one of its field', () => {
  const error = new ApiFault('invalid_params', {
    faults: [
      { field: 'config.allow.domains[1]', message: '' },
      { field: 'clientSecret', message: '' },
    ],
  })
  const names = ['domains', 'clientSecret', 'issuer', 'main'] as const
  expect(names.map((name) => hasFault(error, name))).toEqual([true, true, false, false])
  expect(hasFault(new Error('other'), 'domains')).toBe(false)
})
