import { expect, test } from 'vitest'
import { readReturnPath } from './return-path.ts'

test.each(['/', '/servers', '/servers/a%2Fb?tab=tools&q=x', '/keys?x=//evil.example'])('CON-4: back to %s', (path) => {
  expect(readReturnPath(path)).toBe(path)
})

test.each([
  null,
  '',
  'servers',
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  '/\t/evil.example',
  '/\n/evil.example',
  '/x\\..\\/evil',
  '/.//evil.example',
  '/a/..//evil.example',
  '/login?return=/login',
  '/setup',
  `/${'x'.repeat(600)}`,
])('CON-4: %j leads to the start', (wanted) => {
  expect(readReturnPath(wanted)).toBe('/')
})
