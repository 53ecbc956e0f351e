// Text for people.
import { describe, expect, test } from 'vitest'
import { mergeSecrets } from './commands/secrets.ts'
import { isSameHub, parseHubUrl, showUrl } from './hub-url.ts'
import { ago, bytes, clean, cleanLog, parseExpiry, table, width } from './text.ts'

test('columns line up, Korean and emoji too', () => {
  const lines = table(
    ['NAME', 'X'],
    [
      ['앨리스', 1],
      ['bob', null],
      ['😀', true],
    ],
  ).split('\n')
  expect(lines.map((line) => width(line.slice(0, line.search(/\S+$/))))).toEqual([8, 8, 8, 8])
  expect(table(['A'], [], 'none')).toBe('none')
})

test('control characters never pass', () => {
  expect(clean('a\u001b[31mb\u001b]0;t\u0007c\rd\u202ee\n')).toBe('abc d e ')
  expect(cleanLog('a\u001b[2J\tb\nc\r\u0000')).toBe('a\tb\nc')
})

test('times and sizes', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  expect(ago('2025-12-31T23:59:30Z', now)).toBe('30s ago')
  expect(ago('2025-12-31T22:00:00Z', now)).toBe('2h ago')
  expect(ago('2026-01-31T00:00:00Z', now)).toBe('in 30d')
  expect(ago(null)).toBe('never')
  expect(bytes(3 * 1024 * 1024)).toBe('3 MiB')
  expect(bytes(1)).toBe('1 KiB')
})

test('expiry', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  expect(parseExpiry('30d', now)).toBe('2026-01-31T00:00:00.000Z')
  expect(parseExpiry('90m', now)).toBe('2026-01-01T01:30:00.000Z')
  expect(parseExpiry('2027-01-31')).toBe('2027-01-31T00:00:00.000Z')
  for (const text of ['', 'soon', '1y', '-1d', '2027-13-45']) expect(parseExpiry(text)).toBeNull()
})

describe('addresses', () => {
  test('one form', () => {
    for (const text of [
      'http://localhost:3000',
      'http://localhost:3000/',
      'http://localhost:3000/mcp',
      'http://localhost:3000/?key=x#y',
    ]) {
      expect(showUrl(parseHubUrl(text))).toBe('http://localhost:3000')
    }
    expect(showUrl(parseHubUrl('https://example.com/hub/mcp'))).toBe('https://example.com/hub')
  })
  test('loopback has several names, other ports are other hubs', () => {
    const same = (a: string, b: string): boolean => isSameHub(parseHubUrl(a), parseHubUrl(b))
    expect(same('http://localhost:3000', 'http://[::1]:3000')).toBe(true)
    expect(same('http://localhost:3000', 'http://localhost:3001')).toBe(false)
    expect(same('https://a.example', 'http://a.example')).toBe(false)
    expect(same('https://a.example/x', 'https://a.example/y')).toBe(false)
  })
  test.each(['', 'localhost:3000', 'file:///etc/passwd', 'https://user:canary@example.com'])(
    '%j is refused, unrepeated',
    (text) => {
      expect(() => parseHubUrl(text)).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining('canary') }),
      )
    },
  )
})

test('secrets that are set and those wanted become one list', () => {
  const set = [{ name: 'USER_A', masked: '••••••••', updatedAt: '2026-01-01T00:00:00Z', servers: ['one'] }]
  const variable = { label: null, help: null, pattern: null, secret: true, format: 'Line' as const, isSet: false }
  const wanted = ['one', 'two'].map((server) => ({
    server,
    displayName: null,
    description: null,
    variables: [
      { ...variable, name: 'USER_A', required: true },
      { ...variable, name: 'USER_B', required: server === 'two' },
    ],
  }))
  expect(mergeSecrets(set, wanted)).toEqual([
    {
      name: 'USER_A',
      isSet: true,
      masked: '••••••••',
      required: true,
      servers: ['one', 'two'],
      updatedAt: '2026-01-01T00:00:00Z',
    },
    { name: 'USER_B', isSet: false, masked: null, required: true, servers: ['one', 'two'], updatedAt: null },
  ])
})
