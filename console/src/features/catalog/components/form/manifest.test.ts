import fc from 'fast-check'
import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'
import { addToken, describe as describeVariable, listUndescribed } from './add-token.ts'
import { faultsAt, withoutField } from './faults-of.ts'
import { sectionsOf } from './fields.ts'
import { listLeftOut, readForForm } from './left-out.ts'
import { chooseOtherwise } from './choose-servers.ts'
import { editManifest, pathText, readManifest, renameMember, valueAt } from './manifest.ts'
import { newGroup, newServer } from './templates.ts'

const TEXT = `# of the team
apiVersion: mcphub.io/v1alpha1
kind: McpServer
metadata:
  name: github # for ever
spec:
  type: Remote
  # where it is
  remote:
    url: "https://g.test/mcp"
    headers:
      - name: X-Team
        value: red # the colour
  tools: { deny: [ drop ], overrides: [ { name: read, title: Read } ] }
`

describe('one field is changed, all else stays', () => {
  test('comments, quotes and order', () => {
    const changed = editManifest(TEXT, ['spec', 'remote', 'url'], 'https://h.test/mcp')
    expect(changed).toBe(TEXT.replace('g.test', 'h.test'))
    expect(editManifest(changed, ['spec', 'remote', 'url'], 'https://g.test/mcp')).toBe(TEXT)
  })

  test('what was not there comes with its parents, and goes with those that are empty then', () => {
    const path = ['spec', 'stdio', 'resources', 'cpu']
    const added = editManifest(TEXT, path, '500m')
    expect(parse(added)).toMatchObject({ spec: { stdio: { resources: { cpu: '500m' } } } })
    expect(editManifest(added, path, undefined)).toBe(TEXT)
    expect(editManifest(TEXT, ['spec', 'nothing', 'there'], undefined)).toBe(TEXT)
  })

  test('rows: another at the end, one of them changed, one gone', () => {
    const headers = ['spec', 'remote', 'headers']
    const two = editManifest(TEXT, [...headers, 1], { name: 'B', value: '' })
    const changed = editManifest(two, [...headers, 1, 'value'], '${USER_B}')
    expect(valueAt(parse(changed), headers)).toEqual([
      { name: 'X-Team', value: 'red' },
      { name: 'B', value: '${USER_B}' },
    ])
    expect(changed).toContain('value: red # the colour')
    expect(valueAt(parse(editManifest(changed, [...headers, 0], undefined)), headers)).toHaveLength(1)
  })

  test('what was empty has no quotes it does not need', () => {
    const text = newServer('npm')
    const path = ['spec', 'stdio', 'package', 'npm']
    const named = editManifest(text, [...path, 'name'], '@scope/files')
    expect(named).toContain('name: "@scope/files"')
    expect(editManifest(named, [...path, 'version'], '1.2.3')).toContain('version: 1.2.3\n')
  })

  test('a field with nothing after it takes what is put below it', () => {
    const text = 'kind: McpServer\nmetadata:\nspec:\n  remote:\n'
    expect(parse(editManifest(text, ['spec', 'remote', 'url'], 'x'))).toEqual({
      kind: 'McpServer',
      metadata: null,
      spec: { remote: { url: 'x' } },
    })
  })

  test('any text comes back as it was typed (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (typed) => {
        const text = editManifest(TEXT, ['spec', 'description'], typed)
        expect(valueAt(readManifest(text).data, ['spec', 'description'])).toBe(typed)
      }),
    )
  })
})

describe('what a form cannot show', () => {
  const read = (text: string) => readForForm(text, (data) => sectionsOf('McpServer', data, false)).unreadable
  test.each([
    ['notYaml', 'spec: [a'],
    ['notOne', `${TEXT}---\n${TEXT}`],
    ['notResource', '- a'],
    ['notResource', ''],
    ['anchors', TEXT.replace('"https', '&it "https')],
    ['shape', TEXT.replace('remote:\n', 'remote: there\n  other:\n')],
    ['shape', TEXT.replace('[ drop ]', 'drop')],
    ['shape', `${TEXT}  enabled: "yes"\n`],
    [null, TEXT],
  ])('%s', (unreadable, text) => {
    expect(read(text)).toBe(unreadable)
  })

  test('is named', () => {
    const text = `${TEXT.replace('  name: github', '  annotations: { team: red }\n  name: github')}  verify: []\nstatus: {}\n`
    const { data } = readManifest(text)
    const sections = sectionsOf('McpServer', data!, false)
    expect(listLeftOut(data!, sections)).toEqual([
      'metadata.annotations',
      'spec.tools.overrides',
      'spec.verify',
      'status',
    ])
    const row = editManifest(TEXT, ['spec', 'remote', 'headers', 0, 'note'], 'x')
    expect(listLeftOut(readManifest(row).data!, sections)).toContain('spec.remote.headers[0].note')
  })

  test('nothing of what one begins with', () => {
    for (const template of ['npm', 'pypi', 'image', 'remote'] as const) {
      const { data } = readManifest(newServer(template))
      expect(listLeftOut(data!, sectionsOf('McpServer', data!, true))).toEqual([])
    }
    const { data } = readManifest(newGroup())
    expect(listLeftOut(data!, sectionsOf('UserGroup', data!, true))).toEqual([])
  })

  test('of a group either its servers or their labels, and both where a text has both', () => {
    const shown = (spec: object): readonly string[] =>
      sectionsOf('UserGroup', { spec }, false)
        .filter(({ text }) => text === 'servers')
        .flatMap(({ fields }) => fields.map(({ text }) => text))
    const bySelector = { serverSelector: { matchLabels: { a: 'b' }, matchExpressions: [] } }
    expect(shown({ servers: ['a'] })).toEqual(['servers'])
    expect(shown(bySelector)).toEqual(['matchLabels'])
    expect(shown({ servers: [], ...bySelector })).toEqual(['servers', 'matchLabels'])
    expect(listLeftOut({ spec: bySelector }, sectionsOf('UserGroup', { spec: bySelector }, false))).toEqual([
      'spec.serverSelector.matchExpressions',
    ])
  })
})

describe('labels', () => {
  const LABELLED = TEXT.replace(
    '  name: github',
    '  labels:\n    # who keeps it\n    team: red # for now\n    "5": b\n  name: github',
  )
  const labels = ['metadata', 'labels']

  test('one is called otherwise: value, comments and order stay', () => {
    const renamed = renameMember(LABELLED, [...labels, 'team'], 'example.com/owner')
    expect(renamed).toBe(LABELLED.replace('team:', 'example.com/owner:'))
    expect(renameMember(LABELLED, [...labels, 'nothing'], 'x')).toBe(LABELLED)
    expect(renameMember(LABELLED, ['metadata', 'nothing', 'team'], 'x')).toBe(LABELLED)
  })

  test('a new one begins without a name, and has the quotes it needs and no others', () => {
    const begun = editManifest(LABELLED, [...labels, ''], '')
    expect(valueAt(parse(begun), labels)).toEqual({ team: 'red', 5: 'b', '': '' })
    const named = renameMember(begun, [...labels, ''], 'tier')
    expect(editManifest(named, [...labels, 'tier'], 'gold')).toContain('    tier: gold\n')
    expect(valueAt(readManifest(editManifest(named, [...labels, 'tier'], '7')).data, [...labels, 'tier'])).toBe('7')
  })

  test('any name comes back as it was typed (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (typed) => {
        fc.pre(typed !== '5' && typed !== '__proto__')
        const { data } = readManifest(renameMember(LABELLED, [...labels, 'team'], typed))
        expect(valueAt(data, labels)).toEqual({ [typed]: 'red', 5: 'b' })
      }),
    )
  })

  test('a group says its servers the other way, and back: never both', () => {
    const turn = (text: string): string => chooseOtherwise(text, readManifest(text).data!)
    const named = editManifest(newGroup(), ['spec', 'servers'], ['wiki'])
    const byLabel = turn(named)
    expect(parse(byLabel).spec).toEqual({ members: { users: [] }, serverSelector: { matchLabels: {} } })
    expect(parse(turn(byLabel)).spec).toEqual({ members: { users: [] }, servers: [] })
    const both = editManifest(byLabel, ['spec', 'servers'], ['wiki'])
    expect(parse(turn(both)).spec).toEqual({ members: { users: [] }, servers: ['wiki'] })
  })
})

describe('a token of each person', () => {
  test('of a remote server in a header, of a program in its environment', () => {
    const remote = addToken(TEXT, readManifest(TEXT).data!)
    expect(parse(remote)).toMatchObject({
      spec: {
        remote: { headers: [{ name: 'X-Team' }, { name: 'Authorization', value: 'Bearer ${USER_GITHUB_TOKEN}' }] },
        userVariables: [{ name: 'USER_GITHUB_TOKEN' }],
      },
    })
    const text = newServer('npm')
    expect(parse(addToken(text, readManifest(text).data!))).toMatchObject({
      spec: { stdio: { env: [{ name: 'SERVER_TOKEN', value: '${USER_SERVER_TOKEN}' }] } },
    })
  })

  test('variables without a word about them', () => {
    const text = editManifest(
      TEXT,
      ['spec', 'remote', 'headers', 0, 'value'],
      'a ${USER_A} ${ORG_B} ${USER_C} ${USER_A}',
    )
    const { data } = readManifest(text)
    expect(listUndescribed(data!)).toEqual(['USER_A', 'USER_C'])
    expect(listUndescribed(readManifest(describeVariable(text, data!, 'USER_A')).data!)).toEqual(['USER_C'])
  })
})

test('faults stand at their fields, without the name that stands there already', () => {
  const at = 'spec.remote.headers[0].value'
  const nul = { code: 'stdio.nul', params: {} }
  const faults = [
    { line: 3, path: at, message: `${at}: no`, said: [{ code: 'said.at', params: { place: at, why: 'no' } }, nul] },
    { line: 9, path: 'spec.riskLevel', message: 'use one of Low, High', said: [nul] },
    { line: null, path: null, message: 'as a whole', said: [] },
  ]
  expect(faultsAt(faults, ['spec', 'remote', 'headers', 0, 'value'])).toEqual([{ message: 'no', said: [nul] }])
  expect(faultsAt(faults, ['spec', 'riskLevel'])).toEqual([{ message: 'use one of Low, High', said: [nul] }])
  expect(faultsAt(faults, ['spec', 'remote'])).toEqual([])
  expect(withoutField(faults[2]!)).toEqual({ message: 'as a whole', said: [] })
  expect(pathText(['spec', 'a', 0, 'b'])).toBe('spec.a[0].b')
})
