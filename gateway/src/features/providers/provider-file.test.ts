// MCPHUB_LOGIN_FILE: what is right is read, whatever is wrong is named with its place and the fix, and no secret is repeated.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { FieldFault } from '@mcphub/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { readProviderFile } from './provider-file.ts'

const SECRET = 'canary-secret-of-a-client'
let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mcphub-providers-'))
  writeFileSync(path.join(folder, 'secret'), `${SECRET}\n`)
  writeFileSync(path.join(folder, 'empty'), '\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function read(text: string) {
  const file = path.join(folder, 'login.yaml')
  writeFileSync(file, text)
  const faults: FieldFault[] = []
  return { settings: readProviderFile(file, faults), faults }
}

const GITHUB = {
  ...{ id: 'github', kind: 'github', clientId: 'Iv1.0', clientSecretFile: 'secret' },
  allow: { organisations: ['acme'] },
}
const SSO = {
  ...{ id: 'sso', kind: 'oidc', clientId: 'hub', issuer: 'https://sso.example/realms/acme/' },
  allow: { domains: ['Acme.Example'] },
}

test('a list of both kinds, with what is usual where nothing is said', () => {
  const { settings, faults } = read(stringify([GITHUB, SSO]))
  expect(faults).toEqual([])
  expect(settings).toMatchObject([
    {
      ...{ id: 'github', kind: 'github', label: 'github', source: 'config', newPeople: 'Create' },
      ...{ webUrl: 'https://github.com', apiUrl: 'https://api.github.com' },
      allow: { organisations: ['acme'], everyone: false },
    },
    {
      ...{ id: 'sso', kind: 'oidc', label: 'sso', secret: null, claims: ['groups', 'roles'] },
      // exactly as the provider calls itself
      issuer: 'https://sso.example/realms/acme/',
      scopes: ['openid', 'profile', 'email'],
      allow: { domains: ['acme.example'], groups: [], tenants: [], everyone: false },
    },
  ])
  expect(settings[0]!.secret!.reveal()).toBe(SECRET)
  expect(JSON.stringify(settings)).not.toContain(SECRET)
})

test('JSON is YAML, an empty file is an empty list', () => {
  expect(read(JSON.stringify([SSO])).settings).toHaveLength(1)
  expect(read('# nothing yet\n')).toEqual({ settings: [], faults: [] })
})

test.each<[string, string, string, RegExp]>([
  ['no YAML', 'a: [', 'MCPHUB_LOGIN_FILE', /is no YAML, see line 1/],
  ['an object', 'github: {}', 'MCPHUB_LOGIN_FILE', /is to be a list/],
  ['a text in it', '- github', 'MCPHUB_LOGIN_FILE [0]', /is to be an object/],
  ['too many', stringify(Array.from({ length: 33 }, () => SSO)), 'MCPHUB_LOGIN_FILE', /33 providers; 32 are the most/],
])('%s is a fault of the file', (_what, text, field, message) => {
  const { settings, faults } = read(text)
  expect(settings).toEqual([])
  expect(faults).toEqual([{ field, message: expect.stringMatching(message) }])
})

test.each<[string, object, string, RegExp]>([
  ['no id', { ...SSO, id: undefined }, 'id', /Required: a short name/],
  ['an id that is no part of an address', { ...SSO, id: 'My SSO' }, 'id', /Use a-z/],
  ['a kind nobody knows', { ...SSO, kind: 'saml' }, 'kind', /./],
  ['no client id', { ...SSO, clientId: undefined }, 'clientId', /Required/],
  ['a client id with a space', { ...SSO, clientId: 'a b' }, 'clientId', /without spaces/],
  ['no issuer', { ...SSO, issuer: undefined }, 'issuer', /Required/],
  ['an issuer over plain http', { ...SSO, issuer: 'http://sso.example' }, 'issuer', /https:/],
  ['an issuer with a user', { ...SSO, issuer: 'https://a:b@sso.example' }, 'issuer', /without user/],
  ['an issuer with a query', { ...SSO, issuer: 'https://sso.example/?realm=a' }, 'issuer', /query/],
  ['a misspelt field', { ...SSO, scope: ['openid'] }, 'scope', /Unknown field/],
  ['scopes without openid', { ...SSO, scopes: ['email'] }, 'scopes', /Add openid/],
  ['a domain that is none', { ...SSO, allow: { domains: ['acme'] } }, 'allow.domains[0]', /such as example.com/],
  ['nobody who may come in', { ...SSO, allow: {} }, 'allow.groups', /everyone: true/],
  ['nobody of GitHub', { ...GITHUB, allow: {} }, 'allow.organisations', /at least one organisation/],
  [
    'an organisation that is an address',
    { ...GITHUB, allow: { organisations: ['github.com/acme'] } },
    'allow.organisations[0]',
    /name/,
  ],
  [
    'everybody of Google',
    { ...SSO, issuer: 'https://accounts.google.com', allow: { everyone: true } },
    'allow.domains',
    /anybody can/,
  ],
  [
    'everybody of every tenant',
    { ...SSO, issuer: 'https://login.microsoftonline.com/common/v2.0', allow: { everyone: true } },
    ...(['allow.tenants', /any organisation/] as const),
  ],
  ['GitHub without a secret', { ...GITHUB, clientSecretFile: undefined }, 'clientSecretFile', /Required/],
  ['a secret in the list', { ...SSO, id: 'other', clientSecret: SECRET }, 'clientSecret', /file of its own/],
  ['a secret that is not there', { ...SSO, clientSecretFile: 'nowhere' }, 'clientSecretFile', /nowhere cannot be read/],
  ['an empty secret', { ...SSO, clientSecretFile: 'empty' }, 'clientSecretFile', /is empty/],
])('%s is named, with what to do', (_what, item, field, message) => {
  const { settings, faults } = read(stringify([SSO, item]))
  expect(faults).toEqual([{ field: `MCPHUB_LOGIN_FILE [1].${field}`, message: expect.stringMatching(message) }])
  expect(settings.map(({ id }) => id)).toEqual(['sso'])
  expect(JSON.stringify(faults)).not.toContain(SECRET)
})

test('everything that is wrong is told at once; of two with one name, that there are two', () => {
  const { faults } = read(stringify([{ id: 'a', kind: 'github' }, SSO, { ...SSO, label: 'Other' }]))
  expect(faults.map(({ field }) => field)).toEqual(['MCPHUB_LOGIN_FILE [0].clientId', 'MCPHUB_LOGIN_FILE [2].id'])
})

test('a file that is not there', () => {
  const faults: FieldFault[] = []
  readProviderFile(path.join(folder, 'none.yaml'), faults)
  expect(faults).toEqual([{ field: 'MCPHUB_LOGIN_FILE', message: expect.stringMatching(/cannot be read/) }])
})
