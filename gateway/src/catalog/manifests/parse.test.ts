import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseDocuments } from './documents.ts'
import { parseManifest, readDocument } from './parse.ts'
import { suggestName } from './suggest.ts'

const server = (name: string, spec: string): string =>
  `apiVersion: mcphub.io/v1alpha1\nkind: McpServer\nmetadata:\n  name: ${name}\nspec:\n${spec}\n`
const REMOTE = '  type: Remote\n  remote:\n    url: https://mcp.example.test/mcp'
const group =
  'apiVersion: mcphub.io/v1alpha1\nkind: UserGroup\nmetadata: {name: g}\nspec: {servers: [a], members: {users: [bob]}}\n'
const faultsOf = (text: string): string[] =>
  parseManifest('f.yaml', text).faults.map(({ line, message }) => `${line}: ${message}`)

describe('what is read', () => {
  test('several documents in one file, with comments and anchors; JSON as well', () => {
    const file = parseManifest('f.yaml', `# samples\n---\n${server('a', REMOTE)}---\n${group}---\n`)
    expect(file.faults).toEqual([])
    expect(file.resources.map(({ key, line }) => [key, line])).toEqual([
      ['McpServer/a', 3],
      ['UserGroup/g', 12],
    ])
    const json = { apiVersion: 'mcphub.io/v1alpha1', kind: 'UserGroup', metadata: { name: 'j' }, spec: { servers: [] } }
    expect(parseManifest('f.json', JSON.stringify(json)).resources.map(({ key }) => key)).toEqual(['UserGroup/j'])
    const anchored = server('a', `${REMOTE}\n    headers:\n      - &h {name: X-A, value: a}`)
    expect(parseManifest('f.yaml', anchored).faults).toEqual([])
  })

  test('a broken document names its resource and leaves the others of the file alone', () => {
    const file = parseManifest('f.yaml', `${server('a', REMOTE)}---\n${server('b', '  type: Remoote')}---\n${group}`)
    expect(file.resources.map(({ key }) => key)).toEqual(['McpServer/a', 'UserGroup/g'])
    expect([...file.broken]).toEqual(['McpServer/b'])
    expect(file.unclear).toBe(false)
    expect(file.faults[0]).toMatchObject({ resource: 'McpServer/b', line: 15 })
  })

  test('a file without any resource is a fault, so that a truncated one takes nothing away', () => {
    for (const text of ['', '\n', '# only a comment\n', '---\n']) {
      const file = parseManifest('f.yaml', text)
      expect(file.unclear).toBe(true)
      expect(file.faults).toEqual([expect.objectContaining({ message: expect.stringContaining('holds no resource') })])
    }
  })
})

describe('faults', () => {
  const unknown = (count: number): string => Array.from({ length: count }, (_, at) => `  zz${at}: &a${at} 1\n`).join('')

  test('of thousands only those that are told get a line', () => {
    const [document] = parseDocuments(server('a', `${REMOTE}\n${unknown(5_000)}`.trimEnd()))
    let asked = 0
    const lineOf = (path: readonly PropertyKey[]): number => {
      asked += 1
      return document!.lineOf(path)
    }
    const { faults } = readDocument('f.yaml', { ...document!, lineOf })
    expect([faults.length, asked]).toEqual([20, 20])
    expect(faults[19]).toMatchObject({ line: 28, message: 'unknown field "zz19"; remove it' })
  })

  test('the line of a field costs the same in a map of any size', () => {
    const spent = (fields: number): number => {
      const [document] = parseDocuments(`a:\n${unknown(fields)}`)
      expect(document!.lineOf(['a', 'zz0'])).toBe(2)
      expect(document!.lineOf(['a', 'gone', 'x'])).toBe(1)
      const last = `zz${fields - 1}`
      expect(document!.lineOf(['a', last])).toBe(fields + 1)
      const from = performance.now()
      for (let time = 0; time < 5_000; time += 1) document!.lineOf(['a', last])
      return performance.now() - from
    }
    const few = spent(100)
    // measured: twice as long, without an index thousands of times
    expect(spent(10_000)).toBeLessThan(50 * Math.max(few, 1))
  })

  test('an unknown field: its line and what was probably meant', () => {
    expect(faultsOf(server('a', `${REMOTE}\n    transprot: Sse\n  acess: Everyone\n  zzz: 1`))).toEqual([
      '9: unknown field "transprot"; did you mean "transport"?',
      '10: unknown field "acess"; did you mean "access"?',
      '11: unknown field "zzz"; remove it',
    ])
  })

  test('several faults: from the first line to the last, whatever kind they are of', () => {
    const stdio = '  type: Stdio\n  acces: Everyone\n  stdio:\n    package:\n      npm: {name: x, version: ^1.0.0}'
    expect(faultsOf(server('a', stdio))).toEqual([
      '7: unknown field "acces"; did you mean "access"?',
      '10: spec.stdio.package.npm.version: give one exact version such as 1.2.3, no range',
    ])
  })

  test('a wrong value: the line of its field and the choice', () => {
    expect(faultsOf(server('a', `${REMOTE}\n    transport: WebSocket`))).toEqual([
      '9: spec.remote.transport: Give one of: StreamableHttp, Sse',
    ])
    const stdio =
      '  type: Stdio\n  stdio:\n    package:\n      npm:\n        name: x\n        version: ^1.0.0\n    args:\n      - a\n      - 5'
    expect(faultsOf(server('a', stdio))).toEqual([
      '11: spec.stdio.package.npm.version: give one exact version such as 1.2.3, no range',
      '14: spec.stdio.args[1]: Give a text',
    ])
  })

  test('a missing field: the line of its parent', () => {
    expect(faultsOf(server('a', '  type: Remote\n  remote:\n    transport: Sse'))).toEqual([
      '7: spec.remote.url: Required: give a text',
    ])
  })

  test('rules across fields, variables among them', () => {
    expect(faultsOf(server('a', '  type: Stdio'))[0]).toMatch(/^6?5: spec.stdio: type Stdio needs the member/)
    expect(faultsOf(server('a', `${REMOTE}\n    headers:\n      - name: X\n        value: \${PATH}`))).toEqual([
      expect.stringMatching(/^11: spec.remote.headers\[0\].value: "\$\{PATH\}" is not a variable of the hub/),
    ])
  })

  test('kind, name and version of the resource', () => {
    expect(faultsOf('kind: McpSever\n')).toEqual([
      '1: kind must be one of McpServer, UserGroup; did you mean "McpServer"?',
    ])
    expect(faultsOf(server('Not_A_Name', REMOTE))[0]).toMatch(/^4: metadata.name: use lower-case/)
    expect(faultsOf(server('a', REMOTE).replace('v1alpha1', 'v9'))).toEqual([
      '1: apiVersion must be mcphub.io/v1alpha1',
    ])
    expect(faultsOf('- 1\n- 2\n')[0]).toMatch(/not a resource/)
    expect(faultsOf('just text')[0]).toMatch(/not a resource/)
  })

  test('a reserved label is refused at its line', () => {
    const text = server('a', REMOTE).replace('  name: a', '  name: a\n  labels:\n    team: x\n    mcphub.io/server: b')
    expect(faultsOf(text)).toEqual([
      '7: metadata.labels.mcphub.io/server: This name is reserved for the hub; choose another',
    ])
  })

  test('text that is no YAML: the line; the resource is unclear', () => {
    const file = parseManifest('f.yaml', `${server('a', REMOTE)}  broken: [1,\n`)
    expect(file.unclear).toBe(true)
    expect(file.faults[0]).toMatchObject({ line: expect.any(Number), message: expect.stringMatching(/not valid YAML/) })
    expect(faultsOf('a: !custom 3')[0]).toMatch(/1: not valid YAML: Unresolved tag/)
    expect(faultsOf('a: *nobody')[0]).toMatch(/alias/)
  })

  test('a key given twice is refused, and __proto__ names nothing', () => {
    expect(faultsOf(server('a', `${REMOTE}\n  type: Stdio`))).toEqual(['9: "type" is given twice'])
    expect(faultsOf(server('a', `${REMOTE}\n  __proto__: {x: 1}`))).toEqual(['9: "__proto__" is not a field'])
  })

  test('hostile texts end soon in a fault: deep, wide, aliased', { timeout: 20_000 }, () => {
    const bomb = Array.from(
      { length: 9 },
      (_, i) =>
        `a${i}: &a${i} [${Array(9)
          .fill(i === 0 ? '1' : `*a${i - 1}`)
          .join(',')}]`,
    ).join('\n')
    const hostile = [
      bomb,
      '['.repeat(200_000),
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      '{a: '.repeat(50_000),
      '- '.repeat(100_000),
      '? '.repeat(100_000),
      Array.from({ length: 600 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      Array.from({ length: 30_000 }, (_, i) => `k${i}: 1`).join('\n'),
      '---\na: 1\n'.repeat(20_000),
    ]
    for (const text of hostile) {
      // of this thread alone: other tests on the same cores must not count
      const before = process.threadCpuUsage()
      expect(parseManifest('f.yaml', text).faults.length, text.slice(0, 20)).toBeGreaterThan(0)
      const { user, system } = process.threadCpuUsage(before)
      expect((user + system) / 1000, text.slice(0, 20)).toBeLessThan(4000)
    }
  })

  test('no text whatever throws (property)', () => {
    const word = fc.constantFrom(
      'kind: McpServer',
      'spec:',
      '  ',
      '\n',
      '- ',
      '&a',
      '*a',
      '{',
      '}',
      '[',
      '"',
      ':',
      'metadata',
      '|',
      '%',
      '\t',
      '---\n',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(word).map((words) => words.join('')),
        ),
        (text) => {
          const file = parseManifest('f.yaml', text)
          expect(file.faults.length).toBeGreaterThan(0)
        },
      ),
      { numRuns: 500 },
    )
  })
})

test('suggestName: near names only', () => {
  const known = ['url', 'transport', 'headers', 'args']
  expect(suggestName('header', known)).toBe('headers')
  expect(suggestName('ARGS', known)).toBe('args')
  expect(suggestName('uri', known)).toBe('url')
  expect(suggestName('environment', known)).toBeNull()
})
