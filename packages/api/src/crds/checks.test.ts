// Each rule across fields, by the field it names; and manifests that break none.
import { describe, expect, test } from 'vitest'
import { checkServer, checkUserGroup } from './checks.ts'
import { mcpServerSpec } from './mcp-server.ts'
import { userGroupSpec } from './user-group.ts'

const npm = { npm: { name: '@scope/server', version: '1.2.3' } }
const digest = `registry.example/server@sha256:${'0'.repeat(64)}`
const remote = (more: object = {}) => ({ type: 'Remote', remote: { url: 'https://mcp.example.com/mcp', ...more } })
const stdio = (more: object = {}, rest: object = {}) => ({ type: 'Stdio', stdio: { package: npm, ...more }, ...rest })

const fieldsOf = (spec: object): string[] => checkServer(mcpServerSpec.parse(spec)).map(({ field }) => field)

describe('checkServer accepts', () => {
  test.each([
    ['a remote server', remote()],
    ['plain http on loopback', remote({ url: 'http://127.0.0.1:3001/mcp' })],
    ['plain http on ::1', remote({ url: 'http://[::1]:3001/mcp' })],
    ['plain http that is asked for', remote({ url: 'http://mcp.internal/mcp', insecure: 'Allow' })],
    ['a variable in a header', remote({ headers: [{ name: 'Authorization', value: 'Bearer ${USER_TOKEN}' }] })],
    ['a variable in the path', remote({ url: 'https://mcp.example.com/${USER_TEAM}/mcp', allowInUrl: true })],
    ['a package', stdio()],
    ['an image by digest with its command', stdio({ package: undefined, image: digest, command: ['/server'] })],
    ['a warm pool that keeps nothing', stdio({ warmPool: { replicas: 2 } })],
    ['networks with their mode', stdio({ egress: { mode: 'Cidrs', cidrs: ['10.0.0.0/8', 'fd00::/8'] } })],
    ['isolated sessions', stdio({ sessions: 'Isolated' })],
    ['a pypi package', stdio({ package: { pypi: { name: 'mcp-server-git', version: '2026.1.2' } } })],
    [
      'a text variable in env',
      stdio(
        { env: [{ name: 'PEM', value: '${USER_PEM}' }] },
        { userVariables: [{ name: 'USER_PEM', format: 'Text' }] },
      ),
    ],
    [
      'a repeated group with a separator',
      remote({}) && { ...remote(), userVariables: [{ name: 'USER_HOST', pattern: '^([a-z0-9-]+\\.)+[a-z]+$' }] },
    ],
  ])('%s', (_, spec) => expect(checkServer(mcpServerSpec.parse(spec))).toEqual([]))
})

describe('checkServer names the field', () => {
  test.each<[string, object, string[]]>([
    ['type without its member', { type: 'Remote' }, ['remote']],
    ['a member of another type', { ...remote(), stdio: { package: npm } }, ['stdio']],
    ['text that is no URL', remote({ url: 'mcp.example.com' }), ['remote.url']],
    ['another scheme', remote({ url: 'file:///etc/passwd' }), ['remote.url']],
    ['one slash, which parsers mend', remote({ url: 'https:/mcp.example.com/mcp' }), ['remote.url']],
    [
      'a variable that mending makes the host',
      remote({ url: 'https:///${USER_HOST}/mcp', allowInUrl: true }),
      ['remote.url'],
    ],
    [
      'a variable that a tab makes the host',
      remote({ url: 'https://\t/${USER_HOST}/mcp', allowInUrl: true }),
      ['remote.url'],
    ],
    ['credentials in the URL', remote({ url: 'https://user:pass@mcp.example.com/' }), ['remote.url']],
    ['a fragment', remote({ url: 'https://mcp.example.com/#x' }), ['remote.url']],
    ['plain http elsewhere', remote({ url: 'http://mcp.example.com/' }), ['remote.url']],
    ['loopback by its look only', remote({ url: 'http://127.0.0.1.example.com/' }), ['remote.url']],
    ['a variable in the host', remote({ url: 'https://${USER_HOST}/mcp', allowInUrl: true }), ['remote.url']],
    [
      'a variable in the port',
      remote({ url: 'https://h:${USER_PORT}/mcp', allowInUrl: true }),
      ['remote.url', 'remote.url'],
    ],
    [
      'a header of the hub',
      remote({ headers: [{ name: 'X-MCPHub-User-Id', value: 'x' }] }),
      ['remote.headers[0].name'],
    ],
    [
      'a framing header',
      remote({ headers: [{ name: 'Transfer-Encoding', value: 'chunked' }] }),
      ['remote.headers[0].name'],
    ],
    ['a line break in a header', remote({ headers: [{ name: 'X-A', value: 'a\r\nb' }] }), ['remote.headers[0].value']],
    [
      'a header twice',
      remote({
        headers: [
          { name: 'X-A', value: '1' },
          { name: 'x-a', value: '2' },
        ],
      }),
      ['remote.headers[1].name'],
    ],
    ['neither package nor image', stdio({ package: undefined }), ['stdio']],
    ['package and image', stdio({ image: digest, command: ['/x'] }), ['stdio', 'stdio.command']],
    ['npm and pypi', stdio({ package: { ...npm, pypi: { name: 'a', version: '1.0' } } }), ['stdio.package']],
    ['neither npm nor pypi', stdio({ package: {} }), ['stdio.package']],
    [
      'a path as a package',
      stdio({ package: { npm: { name: '../evil', version: '1.0.0' } } }),
      ['stdio.package.npm.name'],
    ],
    [
      'an option as a package',
      stdio({ package: { npm: { name: '--registry', version: '1.0.0' } } }),
      ['stdio.package.npm.name'],
    ],
    ['a pypi range', stdio({ package: { pypi: { name: 'a', version: '>=1' } } }), ['stdio.package.pypi.version']],
    ['an image by tag', stdio({ package: undefined, image: 'server:latest', command: ['/x'] }), ['stdio.image']],
    ['an image without command', stdio({ package: undefined, image: digest }), ['stdio.command']],
    ['a package with a command', stdio({ command: ['node'] }), ['stdio.command']],
    [
      'a warm pool that keeps',
      stdio({ warmPool: { replicas: 1 }, persistence: { mode: 'Retain' } }),
      ['stdio.warmPool.replicas'],
    ],
    ['networks without their mode', stdio({ egress: { mode: 'None', cidrs: ['10.0.0.0/8'] } }), ['stdio.egress.cidrs']],
    ['the mode without networks', stdio({ egress: { mode: 'Cidrs' } }), ['stdio.egress.cidrs']],
    [
      'no network',
      stdio({ egress: { mode: 'Cidrs', cidrs: ['10.0.0.0/33', '999.0.0.0/8', 'fd00::/129', 'x'] } }),
      [0, 1, 2, 3].map((i) => `stdio.egress.cidrs[${i}]`),
    ],
    [
      'no quantity',
      stdio({ resources: { cpu: 'much', memory: '1GB' } }),
      ['stdio.resources.cpu', 'stdio.resources.memory'],
    ],
    ['an environment name of the hub', stdio({ env: [{ name: 'MCPHUB_MARK', value: 'x' }] }), ['stdio.env[0].name']],
    [
      'an environment name twice',
      stdio({
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
      }),
      ['stdio.env[1].name'],
    ],
    ['NUL in an argument', stdio({ args: ['a\0b'] }), ['stdio.args[0]']],
    [
      'isolated sessions of a shared child',
      stdio({ sessions: 'Isolated' }, { isolation: 'Shared' }),
      ['stdio.sessions'],
    ],
    ['a shared child with a user variable', stdio({ args: ['${USER_TOKEN}'] }, { isolation: 'Shared' }), ['isolation']],
    [
      'a user variable twice',
      { ...remote(), userVariables: [{ name: 'USER_A' }, { name: 'USER_A' }] },
      ['userVariables[1].name'],
    ],
    [
      'no regular expression',
      { ...remote(), userVariables: [{ name: 'USER_A', pattern: '(' }] },
      ['userVariables[0].pattern'],
    ],
    [
      'an explosive expression',
      { ...remote(), userVariables: [{ name: 'USER_A', pattern: '^(a+)+$' }] },
      ['userVariables[0].pattern'],
    ],
    [
      'an explosive expression with an option',
      { ...remote(), userVariables: [{ name: 'USER_A', pattern: '^(\\w+ ?)*$' }] },
      ['userVariables[0].pattern'],
    ],
    [
      'a text variable in a header',
      {
        ...remote({ headers: [{ name: 'X-A', value: '${USER_A}' }] }),
        userVariables: [{ name: 'USER_A', format: 'Text' }],
      },
      ['userVariables[0].format'],
    ],
    ['verify of a stranger', { ...remote(), verify: [{ variable: 'USER_B', tool: 't' }] }, ['verify[0].variable']],
    [
      'an override twice',
      { ...remote(), tools: { overrides: [{ name: 't' }, { name: 't' }] } },
      ['tools.overrides[1].name'],
    ],
  ])('%s', (_, spec, fields) => expect(fieldsOf(spec)).toEqual(fields))

  test('every message says what to do and holds no value', () => {
    const faults = checkServer(
      mcpServerSpec.parse(stdio({ args: ['canary\0'], env: [{ name: 'HOME', value: 'canary\0' }] })),
    )
    expect(faults.length).toBe(3)
    expect(JSON.stringify(faults)).not.toContain('canary')
  })
})

describe('checkUserGroup', () => {
  const fields = (spec: object): string[] => checkUserGroup(userGroupSpec.parse(spec)).map(({ field }) => field)
  test('takes names or a selector', () => {
    expect(fields({ servers: ['a'] })).toEqual([])
    expect(fields({ serverSelector: { matchLabels: { team: 'x' } } })).toEqual([])
  })
  test('refuses neither, both, duplicates and false quantities', () => {
    expect(fields({})).toEqual(['servers'])
    expect(fields({ servers: [], serverSelector: {} })).toEqual(['servers'])
    expect(fields({ servers: ['a', 'a'] })).toEqual(['servers[1]'])
    expect(fields({ servers: ['a'], members: { users: ['Alice', 'alice'] } })).toEqual(['members.users[1]'])
    expect(fields({ servers: ['a'], limits: { memory: 'lots' } })).toEqual(['limits.memory'])
  })
})
