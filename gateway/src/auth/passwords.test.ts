// Passwords: what is kept, what is right, and that a name nobody has costs the same work.
import { expect, test } from 'vitest'
import { createPasswords } from './passwords.ts'

test('a password is kept as argon2id, each time with another salt, and found again in any form of its letters', async () => {
  const passwords = createPasswords()
  const [one, two] = [await passwords.hash('e\u0301lan vital 92'), await passwords.hash('e\u0301lan vital 92')]
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(two).not.toBe(one)
  expect(await passwords.verify('\u00e9lan vital 92', one)).toBe(true)
  expect(await passwords.verify('\u00e9lan vital 93', one)).toBe(false)
})

test('ID-1: nobody, no password and a damaged hash cost the same work, and let nobody in', async () => {
  const passwords = createPasswords()
  const right = await passwords.hash('correct-gazebo-42')
  for (const phc of [null, '', 'plain', right.replace('argon2id', 'argon2i'), right.slice(0, 30)]) {
    const before = passwords.rounds()
    expect(await passwords.verify('correct-gazebo-42', phc)).toBe(false)
    expect(passwords.rounds() - before).toBe(1)
  }
})

test('a crowd waits its turn, and beyond it is told to come back', async () => {
  const passwords = createPasswords()
  const settled = await Promise.allSettled(Array.from({ length: 25 }, () => passwords.verify('x', null)))
  const refused = settled.filter((one) => one.status === 'rejected')
  expect(refused.map((one) => (one.reason as { code: string }).code)).toEqual(Array(3).fill('too_many_requests'))
  expect(passwords.rounds()).toBe(22)
  expect(await passwords.verify('x', null)).toBe(false)
})
