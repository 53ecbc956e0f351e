import { expect, test } from 'vitest'
import { nextName } from './next-name.ts'

test.each([
  ['Cursor', [], 'Cursor'],
  ['Cursor', ['VS Code'], 'Cursor'],
  ['Cursor', ['Cursor'], 'Cursor 2'],
  ['Cursor', ['Cursor 2', 'Cursor', 'Cursor 4'], 'Cursor 3'],
])('a key for %s beside %j is called %s', (wanted, taken, name) => {
  expect(nextName(wanted, taken)).toBe(name)
})
