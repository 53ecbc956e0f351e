// An address counts as verified where whichever named it says so, ID token or UserInfo.
import { expect, test } from 'vitest'
import { joinSaid, presentProof } from './oidc-proof.ts'

const WHO = { iss: 'https://id.example.com', sub: 's' }
const setting = { id: 'x', claims: [] }
const [ours, theirs] = ['a@example.com', 'b@other.com']

test.each([
  ['both by the ID token', { email: ours, email_verified: true }, {}, ours, true],
  ['both by UserInfo', {}, { email: ours, email_verified: true }, ours, true],
  ['UserInfo says so of the same address', { email: ours }, { email: ours, email_verified: true }, ours, true],
  ['verified is another address', { email: ours }, { email: theirs, email_verified: true }, ours, false],
  ['the ID token names none', { email_verified: true }, { email: ours }, ours, false],
  [
    'the ID token takes it back',
    { email: ours, email_verified: false },
    { email: ours, email_verified: true },
    ours,
    false,
  ],
  ['the ID token names an empty one', { email: '' }, { email: ours, email_verified: true }, null, false],
  ['no address', {}, { email_verified: true }, null, true],
])('%s', (_, idToken, userInfo, email, isEmailVerified) => {
  const said = joinSaid({ ...WHO, ...idToken }, { ...WHO, ...userInfo })
  expect(presentProof(setting, said, { warn: () => undefined }).facts).toMatchObject({ email, isEmailVerified })
})

test('everything else of both counts, and of what both say the ID token', () => {
  const said = joinSaid({ ...WHO, name: 'Ann', groups: ['a'] }, { name: 'Bob', preferred_username: 'ann' })
  expect(said).toMatchObject({ ...WHO, name: 'Ann', groups: ['a'], preferred_username: 'ann' })
})
