import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'
import { importSettings, type ImportedServer } from './import-settings.ts'

const importAll = (servers: object): readonly ImportedServer[] =>
  importSettings(JSON.stringify({ mcpServers: servers })).servers ?? []
const importOne = (entry: object, title = 'one') => {
  const [server] = importAll({ [title]: entry })
  const { metadata, spec } = parse(server!.yaml) as { metadata: { name: string }; spec: Record<string, unknown> }
  return { ...server!, spec, named: metadata.name }
}

describe('what becomes of a server', () => {
  test.each<[string, object, object]>([
    [
      'a package of npm',
      { command: 'npx', args: ['-y', '@scope/files@1.2.3', '/data', '--fast'] },
      {
        type: 'Stdio',
        stdio: { package: { npm: { name: '@scope/files', version: '1.2.3' } }, args: ['/data', '--fast'] },
      },
    ],
    [
      'npx of Windows, a program of several',
      { command: 'cmd', args: ['/c', 'npx', '-y', '-p', 'files@2.0.0', 'serve', '${workspaceFolder}'] },
      {
        type: 'Stdio',
        stdio: { package: { npm: { name: 'files', version: '2.0.0' }, bin: 'serve' }, args: ['${WORKDIR}'] },
      },
    ],
    [
      'a package of PyPI',
      { command: '/usr/bin/uvx', args: ['mcp-server-time==2025.1.1', '--zone', 'UTC'] },
      {
        type: 'Stdio',
        stdio: { package: { pypi: { name: 'mcp-server-time', version: '2025.1.1' } }, args: ['--zone', 'UTC'] },
      },
    ],
    [
      'a package of PyPI under another name',
      { command: 'uvx', args: ['--from', 'tool[all]@3.1', 'tool-mcp'] },
      { type: 'Stdio', stdio: { package: { pypi: { name: 'tool', version: '3.1' }, bin: 'tool-mcp' } } },
    ],
    [
      'a remote server',
      { url: 'https://a.test/mcp', headers: { 'X-Team': 'red' } },
      { type: 'Remote', remote: { url: 'https://a.test/mcp', headers: [{ name: 'X-Team', value: 'red' }] } },
    ],
    [
      'a remote server of the old transport',
      { type: 'sse', url: 'https://a.test/events' },
      { type: 'Remote', remote: { url: 'https://a.test/events', transport: 'Sse' } },
    ],
    [
      'one that is off, with tools that are off',
      { url: 'https://a.test/mcp', disabled: true, tools: { drop: { enabled: false }, read: { enabled: true } } },
      { type: 'Remote', remote: { url: 'https://a.test/mcp' }, enabled: false, tools: { deny: ['drop'] } },
    ],
  ])('%s', (_, entry, spec) => {
    expect(importOne(entry).spec).toEqual(spec)
  })

  test('a version is asked for where there is none, or only a range', () => {
    for (const wanted of ['files', 'files@latest', 'files@^1.2.0']) {
      const { spec, notes } = importOne({ command: 'npx', args: [wanted] })
      expect(spec).toMatchObject({ stdio: { package: { npm: { name: 'files', version: '' } } } })
      expect(notes).toEqual([{ code: 'noVersion', what: ['files'] }])
    }
  })

  test('an image wants a digest and its command; what the command line hands on is asked of each person', () => {
    const args = ['run', '-i', '--rm', '-e', 'GITHUB_TOKEN', '--name=x', '-v', '/a:/b', 'ghcr.io/a/b:1', 'stdio']
    const { spec, notes } = importOne({ command: 'docker', args, env: { GITHUB_TOKEN: 'ghp_secret' } })
    expect(spec).toEqual({
      type: 'Stdio',
      stdio: {
        image: 'ghcr.io/a/b:1',
        command: [''],
        args: ['stdio'],
        env: [{ name: 'GITHUB_TOKEN', value: '${USER_GITHUB_TOKEN}' }],
      },
      userVariables: [{ name: 'USER_GITHUB_TOKEN', label: 'GITHUB_TOKEN' }],
    })
    expect(notes.map(({ code }) => code)).toEqual(['secrets', 'noDigest', 'noCommand'])
  })

  test('a program that only that machine has is named', () => {
    const { notes, spec } = importOne({ command: 'C:\\tools\\serve.exe', args: ['x'] })
    expect(notes).toEqual([{ code: 'unknownProgram', what: ['serve'] }])
    expect(spec).toMatchObject({ stdio: { image: '', command: ['serve', 'x'] } })
  })
})

describe('secrets', () => {
  test('none comes along: where one stood each person gives their own', () => {
    const entry = {
      url: 'https://a.test/mcp',
      headers: { Authorization: 'Bearer abc123', 'X-Api-Key': 'k-1', Accept: 'text/plain' },
    }
    const { yaml, spec, notes } = importOne(entry, 'git-hub')
    expect(yaml).not.toMatch(/abc123|k-1/)
    expect(spec['remote']).toMatchObject({
      headers: [
        { name: 'Authorization', value: 'Bearer ${USER_GIT_HUB_TOKEN}' },
        { name: 'X-Api-Key', value: '${USER_X_API_KEY}' },
        { name: 'Accept', value: 'text/plain' },
      ],
    })
    expect(notes).toEqual([{ code: 'secrets', what: ['Authorization', 'X-Api-Key'] }])
  })

  test.each(['${input:place}', '${env:PLACE}', '$PLACE', '<your place>', '{{place}}'])(
    '%s is a place for a value',
    (value) => {
      const { spec } = importOne({ command: 'npx', args: ['a@1.0.0'], env: { PLACE: value } })
      expect(spec['stdio']).toMatchObject({ env: [{ name: 'PLACE', value: '${USER_PLACE}' }] })
    },
  )
})

describe('the file', () => {
  test.each([
    ['of VS Code', '{"servers": {"a": {"url": "https://a.test"}}}'],
    ['of its settings', '{"mcp": {"servers": {"a": {"url": "https://a.test"}}}}'],
    ['without a frame', '{"a": {"url": "https://a.test"}}'],
    ['with comments and a comma too many', '{ // mine\n "mcpServers": {"a": {"url": "https://a.test"},}, /* end */ }'],
  ])('%s', (_, text) => {
    expect(importSettings(text).servers?.map(({ name }) => name)).toEqual(['a'])
  })

  test('what is no settings file says so', () => {
    expect(importSettings('nope')).toEqual({ servers: null, fault: 'notJson' })
    for (const text of ['{}', '[]', '{"mcpServers": {}}', '{"a": 1}'])
      expect(importSettings(text)).toEqual({ servers: null, fault: 'noServers' })
  })

  test('names are made fit, and stay apart; what has no place is named', () => {
    const servers = importAll({
      'My Server': { url: 'https://a.test', alwaysAllow: [] },
      'my server': { url: 'https://b.test' },
    })
    expect(servers.map(({ name }) => name)).toEqual(['my-server', 'my-server-2'])
    expect(parse(servers[0]!.yaml)).toMatchObject({
      metadata: { name: 'my-server' },
      spec: { displayName: 'My Server' },
    })
    expect(servers[0]!.notes).toEqual([{ code: 'leftOut', what: ['alwaysAllow'] }])
  })
})
