import { expect, test } from 'vitest'
import { splitInvisible } from './invisible.ts'

test.each([
  ['plain', ['plain']],
  ['a\u200bb', ['a', 'U+200B', 'b']],
  ['\u202e\u2066x', ['U+202E', 'U+2066', 'x']],
  ['tag\u{e0041}', ['tag', 'U+E0041']],
  ['\u3164\u2800\u0000', ['U+3164', 'U+2800', 'U+0000']],
  ['tab\tand 한글 and 👩', ['tab', '\t', 'and 한글 and 👩']],
])('what cannot be seen is marked: %j', (text, shown) => {
  expect(splitInvisible(text).map((part) => part.code ?? part.text)).toEqual(shown)
})
