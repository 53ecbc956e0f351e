// Faults of a document before it is saved, and what the audit and a settings file keep of it.
import { mcpServerSpec, userGroupSpec } from '@mcphub/api'
import { describe, expect, test } from 'vitest'
import type { CatalogSnapshot } from '../../catalog/catalog.ts'
import { deriveServer } from '../../catalog/derive.ts'
import { checkDocument, withLines, withResource, writeNormalised } from './check-manifest.ts'
import { presentSpecs } from './present-change.ts'
import { writeSettingsFile } from './settings-file.ts'
import { parse } from 'yaml'

const server = (name: string, spec: object = {}) =>
  deriveServer({
    name,
    labels: {},
    spec: mcpServerSpec.parse({ type: 'Remote', remote: { url: 'https://x.test' }, ...spec }),
  })
const snapshot = (...servers: readonly ReturnType<typeof server>[]): CatalogSnapshot => ({
  revision: 1,
  servers: new Map(servers.map((one) => [one.name, one])),
  groups: new Map([['old', { name: 'old', spec: userGroupSpec.parse({ servers: [] }) }]]),
  faults: [],
})
const lines = (...more: readonly string[]): string =>
  ['apiVersion: mcphub.io/v1alpha1', 'kind: McpServer', 'metadata:', '  name: github', 'spec:', ...more].join('\n')
const REMOTE = ['  type: Remote', '  remote:', '    url: https://g.test/mcp']
const a = { kind: 'McpServer', name: 'github' } as const

describe('faults', () => {
  const faultsOf = (text: string, catalog = snapshot()) => checkDocument(text, catalog, a).faults

  test('each with its line and its field, all at once', () => {
    const text = lines(
      '  type: Remote',
      '  remote:',
      '    url: https://g.test/mcp',
      '    timeuot: 3',
      '  riskLevel: Huge',
    )
    expect(faultsOf(text)).toEqual([
      { line: 9, path: 'spec.remote.timeuot', message: expect.stringContaining('unknown field "timeuot"') },
      { line: 10, path: 'spec.riskLevel', message: expect.stringContaining('Low, Medium, High, Critical') },
    ])
  })

  test('rules across fields and text that is no YAML have a line, too', () => {
    expect(faultsOf(lines('  type: Stdio', ...REMOTE.slice(1)))).toContainEqual(
      expect.objectContaining({ path: expect.stringMatching(/^spec\./), line: expect.any(Number) }),
    )
    expect(faultsOf(lines('  type: [Remote'))).toEqual([
      { line: expect.any(Number), path: null, message: expect.stringContaining('not valid YAML') },
    ])
  })

  test.each([
    ['another name', lines(...REMOTE).replace('github', 'gitlab'), 'metadata.name'],
    ['another kind', lines('  servers: []').replace('McpServer', 'UserGroup'), 'kind'],
  ])('%s than the one that is changed', (_, text, path) => {
    expect(faultsOf(text)).toEqual([{ line: expect.any(Number), path, message: expect.any(String) }])
  })

  test.each(['', '# nothing', `${lines(...REMOTE)}\n---\n${lines(...REMOTE)}`, `%YAML 1.2\n---\n${lines(...REMOTE)}`])(
    'not exactly one document: %j',
    (text) => expect(faultsOf(text)).toEqual([{ line: null, path: null, message: expect.any(String) }]),
  )

  test('a tool prefix or name that is another server’s', () => {
    const taken = snapshot(server('other', { tools: { prefix: 'github' } }))
    expect(faultsOf(lines(...REMOTE), taken)).toEqual([
      { line: 4, path: 'metadata.name', message: expect.stringContaining('server "other"') },
    ])
    const wants = lines(...REMOTE, '  tools:', '    prefix: other')
    expect(faultsOf(wants, taken)).toEqual([
      { line: 10, path: 'spec.tools.prefix', message: expect.stringContaining('"other"') },
    ])
    expect(faultsOf(lines(...REMOTE), snapshot(server('github')))).toEqual([])
  })
})

describe('labels', () => {
  const labelled = (labels: string) => lines(...REMOTE).replace('  name: github', `  name: github\n  labels: ${labels}`)
  const group = (labels: string) =>
    `apiVersion: mcphub.io/v1alpha1\nkind: UserGroup\nmetadata: { name: a }\nspec:\n  serverSelector:\n    matchLabels: ${labels}\n`
  const faultsOf = (text: string) => checkDocument(text, snapshot(), null).faults

  test.each(['{}', '{ team: red }', '{ team: "" }', '{ example.com/team_a.b: R-1_x.y }', `{ ${'a'.repeat(63)}: b }`])(
    'fine: %s',
    (labels) => {
      expect([faultsOf(labelled(labels)), faultsOf(group(labels))]).toEqual([[], []])
    },
  )

  test.each([
    ['', '{ "": x }'],
    ['my team', '{ my team: x }'],
    ['-a', '{ -a: x }'],
    ['a/b/c', '{ a/b/c: x }'],
    ['/a', '{ /a: x }'],
    ['A.b/c', '{ A.b/c: x }'],
    ['a'.repeat(64), `{ ${'a'.repeat(64)}: x }`],
    ['a', '{ a: "two words" }'],
    ['a', '{ a: x- }'],
  ])('refused at its name: %j in %s', (name, labels) => {
    const said = (path: string, line: number) => [{ line, path: `${path}.${name}`, message: expect.any(String) }]
    expect(faultsOf(labelled(labels))).toEqual(said('metadata.labels', 5))
    expect(faultsOf(group(labels))).toEqual(said('spec.serverSelector.matchLabels', 6))
  })
})

test('what a cluster says of a field has its line, or that of the list it is in', () => {
  const text = lines('  stdio:', '    env:', '      - name: A', '        value: b', '  riskLevel: Low')
  const at = (path: string | null) => ({ line: null, path, message: 'story owns it' })
  const found = withLines(text, [at('spec.riskLevel'), at('spec.stdio.env[name=A].value'), at(null)])
  const lineOf = (part: string): number => text.slice(0, text.indexOf(part)).split('\n').length
  expect(found.map(({ line }) => line)).toEqual([lineOf('riskLevel'), lineOf('env:'), null])
})

test('the catalogue with it, and without it; what was not meant is the same object', () => {
  const before = snapshot(server('github'), server('stays'))
  const { resource } = checkDocument(lines(...REMOTE, '  enabled: false'), before, null)
  const after = withResource(before, a, resource)
  expect(after.servers.get('github')?.spec.enabled).toBe(false)
  expect(after.servers.get('stays')).toBe(before.servers.get('stays'))
  expect([...withResource(before, a, null).servers.keys()]).toEqual(['stays'])
  expect(before.servers.get('github')?.spec.enabled).toBe(true)
  expect(parse(writeNormalised(resource!))).toMatchObject({
    spec: { enabled: false, access: 'Groups', isolation: 'Auto' },
  })
})

describe('for the audit', () => {
  const ids = new Map([['alice', 'id-a']])
  const idOf = (name: string): string | null => ids.get(name) ?? null

  test('people of a group by id, those without an account counted, never a handle', () => {
    const before = {
      members: { users: ['Alice', 'mallory'], claims: [{ name: 'groups', value: 'dev' }] },
      servers: ['x'],
    }
    const shown = presentSpecs('UserGroup', { before, after: null }, idOf)
    expect(shown).toEqual({
      before: {
        members: { users: ['id-a'], unknownUsers: 1, claims: [{ name: 'groups', value: 'dev' }] },
        servers: ['x'],
      },
      after: null,
    })
    expect(JSON.stringify(shown)).not.toMatch(/alice|mallory/i)
  })

  test('no text that may be a secret, but whether it is another one', () => {
    const spec = (token: string, url: string) => ({
      type: 'Stdio',
      description: 'free text',
      stdio: {
        args: ['--token', token, '${USER_A}'],
        env: [
          { name: 'A', value: token },
          { name: 'B', value: 'Bearer ${USER_TOKEN}' },
        ],
      },
      remote: { url },
    })
    const { before, after } = presentSpecs(
      'McpServer',
      {
        before: spec('hunter2-long', 'https://a.test/mcp'),
        after: spec('correct-horse', 'https://a.test/mcp?key=abc'),
      },
      idOf,
    )
    expect(before).toMatchObject({
      description: 'free text',
      stdio: {
        args: ['--token', '[text 1]', '${USER_A}'],
        env: [{ value: '[text 1]' }, { value: 'Bearer ${USER_TOKEN}' }],
      },
      remote: { url: 'https://a.test/mcp' },
    })
    expect(after).toMatchObject({
      stdio: { args: ['--token', '[text 2]', '${USER_A}'] },
      remote: { url: 'https://a.test/mcp?[text 3]' },
    })
    expect(JSON.stringify([before, after])).not.toMatch(/hunter2|correct|abc/)
  })

  test.each([
    [{ stdio: { command: ['sh', '-c', 'X=hunter2 run'] } }, { stdio: { command: ['sh', '-c', '[text 1]'] } }],
    [{ stdio: { args: ['hunter2', '-phunter2', '-p', '--to=hunter2'] } }, ['[text 1]', '[text 2]', '-p', '[text 3]']],
    [{ verify: [{ tool: 't', arguments: { deep: [{ pin: 'hunter2' }] } }] }, { deep: [{ pin: '[text 1]' }] }],
    [{ remote: { url: 'https://h.test/v1/T0hunter2/mcp' } }, 'https://h.test/v1/[text 1]/mcp'],
    [{ remote: { url: 'https://h.test/mcp#hunter2' } }, 'https://h.test/mcp#[text 1]'],
    [{ remote: { url: 'https://u:hunter2@h.test/' } }, '"[text 1]"'],
    [{ remote: { headers: [{ name: 'X', value: 'hunter2 ${USER_A}' }] } }, '"[text 1]"'],
  ])('%j keeps its shape and says nothing', (spec, shown) => {
    const { before } = presentSpecs('McpServer', { before: spec, after: null }, idOf)
    const text = JSON.stringify(before)
    expect(text).not.toContain('hunter2')
    expect(text).toContain(typeof shown === 'string' ? shown : JSON.stringify(shown))
  })
})

test('as a settings file: what has a word there, and what has none by name', () => {
  const file = writeSettingsFile(
    snapshot(
      server('web', {
        remote: { url: 'https://w.test', headers: [{ name: 'X', value: '${USER_A}' }] },
        enabled: false,
      }),
      server('old', { remote: { url: 'https://o.test', transport: 'Sse' }, tools: { deny: ['x'] } }),
      deriveServer({
        name: 'box',
        labels: {},
        spec: mcpServerSpec.parse({
          type: 'Stdio',
          stdio: { package: { npm: { name: 'p', version: '1.2.3' } }, args: ['-v'], env: [{ name: 'E', value: '1' }] },
        }),
      }),
    ),
  )
  expect(file).toEqual({
    mcpServers: {
      web: { type: 'http', url: 'https://w.test', headers: { X: '${USER_A}' }, enabled: false },
      old: { type: 'sse', url: 'https://o.test' },
      box: { type: 'stdio', command: 'npx', args: ['-y', 'p@1.2.3', '-v'], env: { E: '1' } },
    },
    leftOut: [{ server: 'old', fields: ['tools'] }],
  })
})
