// What counts as another definition, and what of it cannot be seen.
import { describe, expect, test } from 'vitest'
import type { Discovery } from '../../mcp/discovery/discovery-store.ts'
import { listInvisible, readDefinitions, readTexts } from './definition.ts'

const discovery = (...tools: readonly Readonly<Record<string, unknown>>[]): Discovery =>
  ({ server: 'a', userId: null, tools }) as unknown as Discovery
const hashOf = (tool: object): string => readDefinitions(discovery({ name: 'read', ...tool }))[0]!.sha256
const BASE = {
  description: 'reads',
  inputSchema: { type: 'object', properties: { a: {}, b: {} } },
  annotations: { readOnlyHint: true },
}

describe('a definition', () => {
  test('is another with any word that a model reads, and the same in another order', () => {
    const others = [
      { ...BASE, description: 'reads ' },
      { ...BASE, description: 'reads\u200b' },
      { ...BASE, title: 'Read' },
      { ...BASE, inputSchema: { type: 'object', properties: { a: {}, b: { description: 'x' } } } },
      { ...BASE, outputSchema: {} },
      { ...BASE, annotations: { readOnlyHint: false } },
    ]
    expect(new Set([BASE, ...others].map(hashOf)).size).toBe(others.length + 1)
    const turned = {
      annotations: BASE.annotations,
      inputSchema: { properties: { b: {}, a: {} }, type: 'object' },
      description: 'reads',
    }
    expect(hashOf(turned)).toBe(hashOf(BASE))
    expect(hashOf({ ...BASE, icons: [{ src: 'x' }], execution: {} })).toBe(hashOf(BASE))
  })

  test('of one name the first counts; one without a name is none', () => {
    const listed = discovery({ name: 'a', description: '1' }, { description: 'x' }, { name: 'a', description: '2' })
    expect(readDefinitions(listed).map(({ tool }) => tool)).toEqual(['a'])
    expect([...readTexts(listed)]).toEqual([['a', '{"description":"1"}']])
  })

  test('that is very long is compared whole and kept short', () => {
    const [one, other] = ['x', 'y'].map((end) => discovery({ name: 'a', description: 'a'.repeat(300_000) + end }))
    expect(readDefinitions(one!)[0]!.sha256).not.toBe(readDefinitions(other!)[0]!.sha256)
    expect(JSON.parse(readTexts(one!).get('a')!)).toEqual({ tooLarge: { description: 300_003 } })
  })
})

test('what is nested without end is compared, kept short, and breaks nothing', () => {
  const nest = (depth: number, at: unknown = 'end'): unknown => (depth === 0 ? at : { a: nest(depth - 1, at) })
  const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as unknown
  for (const inputSchema of [nest(65), deep]) {
    const said = discovery({ name: 'a', inputSchema })
    expect(readDefinitions(said)).toHaveLength(1)
    expect(Object.keys(JSON.parse(readTexts(said).get('a')!) as object)).toEqual(['tooLarge'])
    expect(listInvisible({ inputSchema })).toEqual([])
  }
  const [one, other] = ['x', 'y'].map((end) => discovery({ name: 'a', inputSchema: nest(200, end) }))
  expect(readDefinitions(one!)[0]!.sha256).not.toBe(readDefinitions(other!)[0]!.sha256)
})

describe('CON-9: what cannot be seen', () => {
  test.each([
    ['zero width space', 'a\u200bb', ['U+200B']],
    ['right-to-left override', '\u202egnp', ['U+202E']],
    ['tag letters', `hi${String.fromCodePoint(0xe0041, 0xe007f)}`, ['U+E0041', 'U+E007F']],
    ['variation selectors as data', `x\ufe01${String.fromCodePoint(0xe0101)}`, ['U+FE01', 'U+E0101']],
    ['Hangul filler and blank Braille', '\u3164\u2800', ['U+2800', 'U+3164']],
    ['ESC, NUL, line separator', '\u001b\u0000\u2028', ['U+0000', 'U+001B', 'U+2028']],
    ['plain text in Korean, with line breaks and tabs', '파일을\n읽어요\t끝', []],
  ])('%s', (_, text, marks) => {
    expect(listInvisible({ description: text })).toEqual(marks)
    expect(listInvisible({ inputSchema: { properties: { [text]: {} }, list: [{ deep: text }] } })).toEqual(marks)
  })
})
