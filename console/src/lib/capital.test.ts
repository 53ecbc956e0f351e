import { expect, test } from 'vitest'
import { capital } from './capital.ts'

test.each([
  ['use lower-case letters', 'Use lower-case letters'],
  ['not a URL; give one', 'Not a URL; give one'],
  ['egress.mode: Cidrs needs a network', 'egress.mode: Cidrs needs a network'],
  ['isolation: PerUser', 'isolation: PerUser'],
  ['http://localhost is no address', 'http://localhost is no address'],
  ['"__proto__" is not a field', '"__proto__" is not a field'],
  ['', ''],
])('a sentence begins with a capital, a name does not change: %s', (sentence, shown) => {
  expect(capital(sentence)).toBe(shown)
})
