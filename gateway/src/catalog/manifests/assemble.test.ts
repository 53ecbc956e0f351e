import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assemble } from './assemble.ts'
import type { Good } from './assemble.ts'
import { parseManifest } from './parse.ts'
import type { ParsedFile } from './parse.ts'

const none: Good = new Map()
const server = (name: string, prefix?: string): string =>
  `apiVersion: mcphub.io/v1alpha1\nkind: McpServer\nmetadata: {name: ${name}}\nspec:\n  type: Remote\n` +
  `  remote: {url: https://${name}.example.test/mcp}\n${prefix ? `  tools: {prefix: ${prefix}}\n` : ''}---\n`
const broken = (name: string): string =>
  `apiVersion: mcphub.io/v1alpha1\nkind: McpServer\nmetadata: {name: ${name}}\nspec: {type: 5}\n---\n`
const files = (contents: Record<string, string>): ParsedFile[] =>
  Object.entries(contents).map(([file, text]) => parseManifest(file, text))
const serving = (good: Good): Record<string, string> =>
  Object.fromEntries(
    [...good.values()]
      .map(({ key, file }): [string, string] => [key.slice('McpServer/'.length), file])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )

describe('what serves', () => {
  test('a broken version leaves the last good one; a deleted resource or file goes', () => {
    const first = assemble(files({ 'a.yaml': server('a') + server('b'), 'c.yaml': server('c') }), none)
    expect(serving(first.good)).toEqual({ a: 'a.yaml', b: 'a.yaml', c: 'c.yaml' })
    const second = assemble(files({ 'a.yaml': broken('a') + server('b'), 'c.yaml': '{' }), first.good)
    expect(serving(second.good)).toEqual(serving(first.good))
    expect(second.faults.map(({ file }) => file)).toEqual(expect.arrayContaining(['a.yaml', 'c.yaml']))
    expect(serving(assemble(files({ 'a.yaml': server('b') }), second.good).good)).toEqual({ b: 'a.yaml' })
  })

  test('a new broken resource serves nothing and hurts nothing', () => {
    const { good, faults } = assemble(files({ 'a.yaml': server('a'), 'b.yaml': broken('b') }), none)
    expect(serving(good)).toEqual({ a: 'a.yaml' })
    expect(faults).toHaveLength(1)
  })

  test('declared in two files: the one that served keeps it, both files are named', () => {
    const first = assemble(files({ 'z.yaml': server('a') }), none)
    const second = assemble(files({ 'a.yaml': server('a'), 'z.yaml': server('a') }), first.good)
    expect(serving(second.good)).toEqual({ a: 'z.yaml' })
    expect(second.faults).toEqual([
      {
        file: 'a.yaml',
        line: 1,
        resource: 'McpServer/a',
        message: 'McpServer/a is declared in z.yaml and in a.yaml; the one in z.yaml is used',
      },
    ])
    expect(serving(assemble(files({ 'a.yaml': server('a') }), second.good).good)).toEqual({ a: 'a.yaml' })
    expect(serving(assemble(files({ 'z.yaml': server('a'), 'a.yaml': server('a') }), none).good)).toEqual({
      a: 'a.yaml',
    })
  })

  test('declared in two files and broken in the serving one: its last good version stays', () => {
    const first = assemble(files({ 'z.yaml': server('a') }), none)
    const second = assemble(files({ 'a.yaml': server('a'), 'z.yaml': broken('a') }), first.good)
    expect(serving(second.good)).toEqual({ a: 'z.yaml' })
  })
})

describe('SES-9: prefixes', () => {
  test('SES-9: two newcomers with one prefix: both refused, both named', () => {
    const { good, faults } = assemble(
      files({ 'a.yaml': server('a', 'x'), 'b.yaml': server('b', 'x'), 'c.yaml': server('c') }),
      none,
    )
    expect(serving(good)).toEqual({ c: 'c.yaml' })
    expect(faults).toHaveLength(2)
    for (const { message } of faults)
      expect(message).toMatch(/"x" is claimed by McpServer\/a \(a.yaml\) and McpServer\/b \(b.yaml\); none/)
  })

  test('SES-9: who served under a prefix keeps it; the newcomer goes on under its own earlier one', () => {
    const first = assemble(files({ 'a.yaml': server('a', 'x'), 'b.yaml': server('b') }), none)
    const second = assemble(files({ 'a.yaml': server('a', 'x'), 'b.yaml': server('b', 'x') }), first.good)
    expect(second.good).toEqual(first.good)
    expect(second.faults).toEqual([expect.objectContaining({ resource: 'McpServer/b', file: 'b.yaml' })])
  })

  test("SES-9: another server's name is no prefix", () => {
    const { good } = assemble(files({ 'a.yaml': server('a'), 'b.yaml': server('b', 'a') }), none)
    expect(serving(good)).toEqual({})
  })

  test('SES-9: whatever the files say, one server per prefix and name, and every one that does not serve is reported (property)', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd')
    const state = fc.array(fc.record({ name: names, prefix: fc.option(names, { nil: undefined }) }), { maxLength: 6 })
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 4 }), (states) => {
        let good = none
        for (const now of states) {
          const content = Object.fromEntries(now.map((one, i) => [`${i}.yaml`, server(one.name, one.prefix)]))
          const next = assemble(files(content), good)
          good = next.good
          const claims = [...good.values()].flatMap((one) =>
            one.kind === 'McpServer' ? [...new Set([one.server.name, one.server.prefix])] : [],
          )
          expect(new Set(claims).size).toBe(claims.length)
          for (const { name } of now) {
            const reported = next.faults.some(({ resource }) => resource === `McpServer/${name}`)
            expect(good.has(`McpServer/${name}`) || reported).toBe(true)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
