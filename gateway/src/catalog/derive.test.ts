import { listTemplates, mcpServerSpec } from '@mcphub/api'
import type { McpServerSpec } from '@mcphub/api'
import { describe, expect, test } from 'vitest'
import { canonicalJson, deriveServer } from './derive.ts'
import { checkTemplates, variablePlaces } from './templates.ts'

const remote = (over: object = {}, spec: object = {}): McpServerSpec =>
  mcpServerSpec.parse({ type: 'Remote', remote: { url: 'https://mcp.example.test/mcp', ...over }, ...spec })
const stdio = (over: object = {}, spec: object = {}): McpServerSpec =>
  mcpServerSpec.parse({ type: 'Stdio', stdio: { package: { npm: { name: 'x', version: '1.0.0' } }, ...over }, ...spec })
const derive = (spec: McpServerSpec, name = 'a') => deriveServer({ name, labels: {}, spec })

describe('user and organisation variables', () => {
  test('SEC-7: a server has exactly the variables its own manifest names', () => {
    const server = derive(
      stdio({
        args: ['--key=${USER_KEY}', '${WORKDIR}', '${ORG_TEAM}'],
        env: [
          { name: 'A', value: '${USER_TOKEN}' },
          { name: 'B', value: 'x${USER_KEY}${ORG_TEAM}' },
        ],
      }),
    )
    expect(server.userVariables.map(({ name }) => name)).toEqual(['USER_KEY', 'USER_TOKEN'])
    expect(server.orgVariables).toEqual(['ORG_TEAM'])
    expect(derive(stdio()).userVariables).toEqual([])
  })

  test('what is declared keeps its words; what is not gets safe defaults: required, secret, one line', () => {
    const headers = [
      { name: 'Authorization', value: 'Bearer ${USER_B}' },
      { name: 'X-A', value: '${USER_A}' },
    ]
    const server = derive(
      remote({ headers }, { userVariables: [{ name: 'USER_A', label: 'A', required: false }, { name: 'USER_C' }] }),
    )
    expect(server.userVariables.map(({ name }) => name)).toEqual(['USER_B', 'USER_A', 'USER_C'])
    expect(server.userVariables[0]).toEqual({ name: 'USER_B', required: true, secret: true, format: 'Line' })
    expect(server.userVariables[1]).toMatchObject({ label: 'A', required: false })
  })

  test('SEC-5: the places of a variable decide what its value may look like', () => {
    const places = variablePlaces(stdio({ args: ['${USER_A}'], env: [{ name: 'E', value: '${USER_A}${USER_B}' }] }))
    expect([...places.get('USER_A')!]).toEqual(['args', 'env'])
    expect([...places.get('USER_B')!]).toEqual(['env'])
    expect([...variablePlaces(remote({ headers: [{ name: 'X', value: '${USER_A}' }] })).get('USER_A')!]).toEqual([
      'header',
    ])
  })
})

describe('checkTemplates', () => {
  test('SEC-6: a reference that is no variable of the hub is a fault of its field', () => {
    expect(checkTemplates(stdio({ args: ['a', '${PATH}'] }))).toEqual([
      { field: 'stdio.args[1]', message: expect.stringContaining('${PATH}') },
    ])
    expect(checkTemplates(remote({ headers: [{ name: 'X', value: '${WORKDIR}' }] }))[0]?.field).toBe(
      'remote.headers[0].value',
    )
  })
  test('NET-5: a variable in the URL only where the manifest allows it', () => {
    const url = 'https://mcp.example.test/${USER_A}/mcp'
    expect(checkTemplates(remote({ url }))).toEqual([
      { field: 'remote.url', message: expect.stringContaining('allowInUrl') },
    ])
    expect(checkTemplates(remote({ url, allowInUrl: true }))).toEqual([])
  })
  test('no variable in a command', () => {
    const spec = stdio({ command: ['${USER_A}'] })
    expect(checkTemplates(spec)[0]?.field).toBe('stdio.command[0]')
    expect(listTemplates(spec)).toEqual([])
  })
})

describe('configHash', () => {
  const base = stdio({ args: ['a'] })
  test('stays the same for what shapes neither a call nor a child, and for another order of fields', () => {
    const words = {
      displayName: 'A',
      description: 'B',
      access: 'Everyone',
      tools: { deny: ['x'] },
      riskLevel: 'Critical',
    }
    expect(derive(stdio({ args: ['a'] }, words)).configHash).toBe(derive(base).configHash)
    expect(canonicalJson({ b: 1, a: [{ d: undefined, c: null }] })).toBe('{"a":[{"c":null}],"b":1}')
  })
  test('changes with everything that does', () => {
    const others = [
      derive(base, 'b'),
      derive(stdio({ args: ['b'] })),
      derive(stdio({ args: ['a'], env: [{ name: 'A', value: '1' }] })),
      derive(stdio({ args: ['a'], package: { npm: { name: 'x', version: '1.0.1' } } })),
      derive(stdio({ args: ['a'], sessions: 'Isolated' })),
      derive(stdio({ args: ['a'] }, { riskLevel: 'Low' })),
      derive(stdio({ args: ['a'] }, { callTimeoutSeconds: 5 })),
      derive(stdio({ args: ['a'] }, { protocol: 'Modern' })),
      derive(stdio({ args: ['a'] }, { userVariables: [{ name: 'USER_A' }] })),
    ]
    expect(new Set([derive(base), ...others].map(({ configHash }) => configHash)).size).toBe(others.length + 1)
  })
})
