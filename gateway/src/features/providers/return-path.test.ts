import { describe, expect, test } from 'vitest'
import { toReturnPath } from './return-path.ts'

const ORIGIN = 'https://hub.example.com'

describe('where a login ends up', () => {
  test.each([
    ['/', '/'],
    ['/connect', '/connect'],
    ['/servers?q=a%20b&state=ready', '/servers?q=a%20b&state=ready'],
    ['/servers/files#tools', '/servers/files#tools'],
    ['/servers/파일', '/servers/%ED%8C%8C%EC%9D%BC'],
    ['/a/../keys', '/keys'],
    ['/apiary', '/apiary'],
  ])('CON-4: return address %s is a page of the hub', (wanted, path) => expect(toReturnPath(wanted, ORIGIN)).toBe(path))

  test.each([
    undefined,
    '',
    'connect',
    'https://evil.example.com/',
    'https://hub.example.com/keys',
    'https:/evil.example.com',
    'https:evil.example.com',
    '//evil.example.com',
    '///evil.example.com',
    '/\\evil.example.com',
    '\\/evil.example.com',
    '\\\\evil.example.com',
    '/\t/evil.example.com',
    '/\n/evil.example.com',
    '/%0d%0aSet-Cookie: a=b'.replace('%0d%0a', '\r\n'),
    '\u0000/keys',
    ' /keys',
    '/.//evil.example.com',
    '/..//evil.example.com',
    '/a/..//evil.example.com',
    '/%2e//evil.example.com',
    '/\u202ekeys',
    '/\u2028keys',
    'javascript:alert(1)',
    'data:text/html,x',
    '@evil.example.com',
    '.evil.example.com',
    ':80',
    '/api/logout',
    '/API/oidc/login?provider=x',
    '/api',
    '/mcp',
    '/login?fault=hub_fault',
    '/setup',
    '/.well-known/x',
    `/${'a'.repeat(512)}`,
  ])('CON-4: return address %j leads to the own origin', (wanted) => {
    const path = toReturnPath(wanted, ORIGIN)
    expect(path).toBe('/')
  })

  test('CON-4: whatever is answered is a path of the own origin', () => {
    for (const text of ['/%5cevil', '/%2f%2fevil.example.com', '/x?y=//evil', '/x#//evil', '/;@evil']) {
      const path = toReturnPath(text, ORIGIN)
      expect(new URL(path, ORIGIN).origin).toBe(ORIGIN)
      expect(path).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/)
    }
  })
})
