import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { readAccept } from './accept.ts'
import { parseEndpoint, readPresentedKey, splitUrl } from './request-target.ts'

test.each([
  ['/mcp', { kind: 'all' }],
  ['/mcp/', { kind: 'all' }],
  ['/mcp/git-hub', { kind: 'server', name: 'git-hub' }],
  ['/mcp/group', { kind: 'server', name: 'group' }],
  ['/mcp/group/work', { kind: 'group', name: 'work' }],
  ['/mcp/group/%EC%9D%BC/', { kind: 'group', name: '일' }],
])('%s is an endpoint', (path, scope) => {
  expect(parseEndpoint(path)?.scope).toEqual(scope)
})

test.each([
  '/mcpx',
  '/',
  '/mcp//',
  '/mcp/A',
  '/mcp/a/b',
  '/mcp/../api',
  '/mcp/%2e',
  '/mcp/group/',
  '/mcp/group/a/b',
  '/mcp/group/%',
])('%s is none', (path) => {
  expect(parseEndpoint(path)).toBeNull()
})

const read = (query: string, ...authorization: string[]) =>
  readPresentedKey({ rawHeaders: authorization.flatMap((value) => ['Authorization', value]) } as IncomingMessage, query)

test('ID-1: the key is taken from the query and from the bearer token as they are', () => {
  expect(read('key=abc')).toEqual({ query: 'abc', bearer: null })
  expect(read('a=1&key=a%62c&key=abc')).toEqual({ query: 'abc', bearer: null })
  expect(read('', 'Bearer  abc')).toEqual({ query: null, bearer: 'abc' })
  expect(read('x=1', 'Basic abc')).toEqual({ query: null, bearer: null })
  expect(read('key=')).toEqual({ query: '', bearer: null })
  expect(() => read('key=a&key=b')).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
  // whoever stands in front may have judged the other one
  expect(() => read('', 'Bearer a', 'Bearer b')).toThrow(expect.objectContaining({ code: 'unauthenticated' }))
  expect(() => splitUrl('/'.repeat(9000))).toThrow(expect.objectContaining({ code: 'uri_too_long' }))
})

test.each([
  [undefined, true, false],
  ['*/*', true, false],
  ['application/json, text/event-stream', true, true],
  ['Text/Event-Stream', false, true],
  ['application/json;q=0, text/event-stream;q=0.5', false, true],
  ['application/*, text/*', true, true],
  ['text/html', false, false],
])('Accept: %s', (header, json, sse) => {
  expect(readAccept(header)).toEqual({ json, sse })
})
