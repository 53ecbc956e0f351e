import { expect, test } from 'vitest'
import { chooseProvider, readTerm } from './login-term.ts'

const NOW = Date.parse('2026-03-10T12:00:00Z')

test.each([
  [null, 'later'],
  ['2026-03-13T12:00:01Z', 'later'],
  ['2026-03-13T12:00:00Z', 'soon'],
  ['2026-03-10T12:00:01Z', 'soon'],
  ['2026-03-10T12:00:00Z', 'over'],
  ['2026-01-01T00:00:00Z', 'over'],
] as const)('a login that holds until %s: %s', (until, term) => {
  expect(readTerm(until, NOW)).toBe(term)
})

const account = (provider: string | null, kind: 'github' | 'oidc' | null, loginAt: string | null) => ({
  ...{ id: `id-${provider}`, label: 'Somewhere', account: null, linkedAt: '2026-01-01T00:00:00Z' },
  ...{ provider, kind, loginAt },
})

test('one logs in again where one came by last', () => {
  const github = account('github', 'github', '2026-02-01T00:00:00Z')
  const company = account('company', 'oidc', '2026-03-01T00:00:00Z')
  const other = account('other', 'oidc', null)
  expect(chooseProvider([other, github, company])).toMatchObject({ id: 'company', kind: 'oidc' })
  expect(chooseProvider([other, github])).toMatchObject({ id: 'github', kind: 'github' })
  expect(chooseProvider([other])).toMatchObject({ id: 'other' })
})

test('a provider that is gone is none', () => {
  expect(chooseProvider([account(null, null, '2026-03-01T00:00:00Z')])).toBeNull()
  expect(chooseProvider([])).toBeNull()
})
