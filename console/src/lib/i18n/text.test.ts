import { expect, test } from 'vitest'
import { createText } from './text.ts'

const WORDS = {
  plain: 'Servers',
  named: '{name} has {count}',
  tools_one: '{count} tool',
  tools_other: '{count} tools',
  many: 'Needs {names}',
}

test('plural forms, numbers and lists are those of the language', () => {
  const t = createText('en', WORDS)
  expect(t('tools', { count: 1 })).toBe('1 tool')
  expect(t('tools', { count: 12_345 })).toBe('12,345 tools')
  expect(t('many', { names: ['A', 'B', 'C'] })).toBe('Needs A, B, and C')
  expect(createText('ko', { tools_other: '도구 {count}개' })('tools', { count: 1 })).toBe('도구 1개')
})

test('what is filled in is never looked at again, and what is missing stays visible', () => {
  const t = createText('en', WORDS)
  expect(t('named', { name: '{count} $& <b>', count: 0 })).toBe('{count} $& <b> has 0')
  expect(t('named', {})).toBe('{name} has {count}')
  expect(t('named', JSON.parse('{"__proto__": {"name": "x"}}') as Record<string, string>)).toBe('{name} has {count}')
  expect(t('unknown')).toBe('unknown')
})
