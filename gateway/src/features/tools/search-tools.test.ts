import type { ToolResponse } from '@mcphub/api'
import { describe, expect, test } from 'vitest'
import { searchTools } from './search-tools.ts'

const tool = (server: string, name: string, over: Partial<ToolResponse> = {}): ToolResponse => ({
  name: `${server}__${name}`,
  server,
  tool: name,
  title: null,
  description: null,
  ...over,
})
const TOOLS = [
  tool('mail', 'send', { description: 'Sends a letter' }),
  tool('files', 'read', { description: 'Reads a letter of the alphabet', title: 'Read a file' }),
  tool('files', 'write', { title: '파일 쓰기' }),
  tool('mail', 'letter_count'),
]
const names = (q?: string, more: object = {}) =>
  searchTools(TOOLS, { limit: 50, ...(q === undefined ? {} : { q }), ...more }).items.map(({ name }) => name)

describe('the search among tools', () => {
  test.each([
    [undefined, ['files__read', 'files__write', 'mail__letter_count', 'mail__send']],
    ['letter', ['mail__letter_count', 'files__read', 'mail__send']],
    ['  LETTER   send ', ['mail__send']],
    ['read a file', ['files__read']],
    ['파일', ['files__write']],
    ['nothing', []],
    ['letter nothing', []],
  ])('%j finds what has all words, names first', (q, expected) => {
    expect(names(q)).toEqual(expected)
  })

  test('one server alone', () => {
    expect(names('letter', { server: 'files' })).toEqual(['files__read'])
  })

  test('pages hold every tool once, in one order, also where a tool came or went in between', () => {
    const many = Array.from({ length: 10_000 }, (_, at) => tool('s', `t${String(at).padStart(5, '0')}`))
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const left = seen.length === 400 ? many.slice(0, 200).concat(many.slice(400)) : many
      const query = { limit: 200, q: 't', ...(cursor === null ? {} : { cursor }) }
      const page = searchTools(left, query)
      expect(page.items.length).toBeLessThanOrEqual(200)
      seen.push(...page.items.map(({ tool: name }) => name))
      cursor = page.nextCursor
    } while (cursor !== null)
    expect(seen).toEqual(many.map(({ tool: name }) => name))
    expect(searchTools(many, { limit: 200, q: 't' }).total).toBe(10_000)
  })

  test.each(['x', Buffer.from('[2,"a"]').toString('base64url'), Buffer.from('{}').toString('base64url')])(
    'a cursor that no page gave is refused: %s',
    (cursor) => {
      expect(() => names('', { cursor })).toThrow(expect.objectContaining({ code: 'invalid_params' }))
    },
  )
})
