// Documents of a file, one at a time: what is not meant stays byte for byte, and a file that cannot be taken apart is left alone.
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { replacePart, soleDocument, splitManifest, withSpec } from './manifest-text.ts'

const server = (name: string, more = ''): string =>
  `apiVersion: mcphub.io/v1alpha1\nkind: McpServer # of ${name}\nmetadata:\n  name: ${name}\nspec:\n  type: Remote\n  remote: {url: https://${name}.test/mcp}\n${more}`
const THREE = `# ours\n---\n${server('a', '# end of a\n')}--- # second\n${server('b')}---\n${server('c')}`
const keysOf = (text: string): (string | null)[] | undefined => splitManifest(text)?.map(({ key }) => key)
const partOf = (text: string, name: string) => splitManifest(text)!.find(({ key }) => key === `McpServer/${name}`)!

describe('a file', () => {
  test('is taken apart at its markers, comments with the document they stand in', () => {
    expect(keysOf(THREE)).toEqual([null, 'McpServer/a', 'McpServer/b', 'McpServer/c'])
    const { start, end } = partOf(THREE, 'a')
    expect(THREE.slice(start, end)).toBe(server('a', '# end of a\n'))
    expect(keysOf(server('x'))).toEqual(['McpServer/x'])
  })

  test('a document is replaced and the others stay byte for byte', () => {
    const next = replacePart(THREE, partOf(THREE, 'b'), server('b', '  enabled: false # for now'))
    expect(next).toBe(THREE.replace(server('b'), server('b', '  enabled: false # for now\n')))
  })

  test.each(['a', 'b', 'c'])('%s is taken out, with its marker', (name) => {
    const next = replacePart(THREE, partOf(THREE, name), null)
    expect(keysOf(next)).toEqual([
      null,
      ...['a', 'b', 'c'].filter((one) => one !== name).map((one) => `McpServer/${one}`),
    ])
    expect(next).toContain('# ours')
  })

  test('the first of a file without a marker is taken out', () => {
    const two = `${server('a')}---\n${server('b')}`
    expect(keysOf(replacePart(two, partOf(two, 'a'), null))).toEqual([null, 'McpServer/b'])
  })

  test.each([
    ['a directive', `%YAML 1.2\n---\n${server('a')}`],
    ['an end marker', `${server('a')}...\n---\n${server('b')}`],
    ['content beside a marker', `--- {kind: McpServer}\n---\n${server('b')}`],
  ])('with %s it is not taken apart', (_, text) => expect(splitManifest(text)).toBeNull())

  test('a document that would end another is refused', () => {
    expect(() => replacePart(THREE, partOf(THREE, 'a'), `${server('a')}---\n${server('d')}`)).toThrow('another')
    expect(() => replacePart(THREE, partOf(THREE, 'a'), `${server('a')}...\n`)).toThrow('another')
  })

  test('three dashes within a text are no marker', () => {
    const text = server('a', '  description: |\n    one\n    ---\n    two\n')
    expect(keysOf(text)).toEqual(['McpServer/a'])
  })
})

describe('a document by itself', () => {
  test('loses the marker before it', () => expect(soleDocument(`---\n${server('a')}`)).toBe(server('a')))
  test.each(['', '# nothing\n', `${server('a')}---\n${server('b')}`])('%j is not one', (text) =>
    expect(soleDocument(text)).toBeNull(),
  )
})

describe('another spec', () => {
  const text = `kind: McpServer
spec:
  # what it is
  type: Remote # never changes
  remote:
    url: https://a.test/mcp # the old one
    headers:
      - name: A # first
        value: one
      - name: B
        value: two
  enabled: true
`
  test('keeps the comments of what stays, and of a value that changed', () => {
    const spec = {
      type: 'Remote',
      remote: { url: 'https://b.test/mcp', headers: [{ name: 'A', value: 'three' }] },
      description: 'new',
    }
    const next = withSpec(text, spec)
    expect(parse(next)).toEqual({ kind: 'McpServer', spec })
    for (const comment of ['# what it is', '# never changes', '# the old one', '# first'])
      expect(next).toContain(comment)
    expect(next).not.toContain('enabled')
  })

  test('the same spec changes nothing that is said', () => {
    expect(parse(withSpec(text, (parse(text) as { spec: Record<string, unknown> }).spec))).toEqual(parse(text))
  })

  test('where an anchor stands for two values, only the one that is meant changes', () => {
    const anchored = 'spec:\n  a: &x {n: 1}\n  b: *x\n'
    const spec = { a: { n: 2 }, b: { n: 1 } }
    expect(parse(withSpec(anchored, spec))).toEqual({ spec })
  })

  test('comes where there was none', () => {
    expect(parse(withSpec('kind: McpServer\n', { type: 'Remote' }))).toEqual({
      kind: 'McpServer',
      spec: { type: 'Remote' },
    })
  })

  test('of many fields takes as long as there are, not the square of it', () => {
    const spent = (count: number): number => {
      const spec = Object.fromEntries(Array.from({ length: count }, (_, at) => [`f${at}`, at]))
      const before = withSpec('spec:\n  a: 1\n', spec)
      const from = performance.now()
      expect(withSpec(before, { ...spec, f0: 7 })).toBe(before.replace('f0: 0', 'f0: 7'))
      return performance.now() - from
    }
    spent(1_000)
    const few = spent(1_000)
    expect(spent(15_000)).toBeLessThan(15 * 5 * few)
  })
})
