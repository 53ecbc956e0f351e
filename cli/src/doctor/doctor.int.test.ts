// Each check of this side, with the fault that provokes it, through the real command and a real socket.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EXIT_CODES } from '@mcphub/api'
import { CliHome } from '../../../test/kit/cli.ts'
import type { CliOptions } from '../../../test/kit/cli.ts'
import { startRestDouble } from '../../../test/kit/rest-double.ts'
import type { RestDouble } from '../../../test/kit/rest-double.ts'
import { describeVariable } from '../../../test/kit/rest-double-state.ts'
import { runChecks } from './checks.ts'
import type { Finding } from './checks.ts'
import { gatherFacts } from './facts.ts'

let hub: RestDouble
let home: CliHome
let rootId: string

beforeEach(async () => {
  hub = await startRestDouble()
  hub.state.servers = hub.state.servers.filter(({ name }) => name === 'everything')
  rootId = hub.state.addUser('root', 'admin').id
  home = new CliHome({ MCPHUB_URL: hub.url, MCPHUB_KEY: hub.state.addKey(rootId, 'root').secret })
})
afterEach(async () => {
  await hub.close()
  home.remove()
})

interface Report {
  readonly code: number | null
  readonly items: readonly Finding[]
}

async function doctor(options: CliOptions = {}, args: readonly string[] = []): Promise<Report> {
  const { code, stdout } = await home.run(['doctor', '--json', ...args], options)
  return { code, items: JSON.parse(stdout).items }
}

const failing = ({ items }: Report): string[] => items.filter(({ ok }) => !ok).map(({ id }) => id)

async function expectFault(id: string, options?: CliOptions, args?: readonly string[]): Promise<Finding> {
  const report = await doctor(options, args)
  const fault = report.items.find((item) => item.id === id)
  expect(failing(report)).toContain(id)
  expect(fault?.fix).toBeTruthy()
  expect(report.code).toBe(
    report.items.some(({ ok, severity }) => !ok && severity === 'error') ? EXIT_CODES.failure : 0,
  )
  return fault!
}

test('a healthy hub and side: nothing is found, the hub’s own checks follow', async () => {
  const report = await doctor()
  expect(failing(report)).toEqual([])
  expect(report.code).toBe(0)
  expect(report.items.filter(({ side }) => side === 'client').length).toBeGreaterThanOrEqual(12)
  expect(report.items.filter(({ side }) => side === 'hub').map(({ id }) => id)).toEqual(['database', 'disk'])
  expect(new Set(report.items.map(({ id }) => id)).size).toBe(report.items.length)
})

test('for people: a line per check, the fix below', async () => {
  hub.state.checks = [
    {
      ...{ id: 'disk', title: 'Disk', ok: false, severity: 'error', message: 'full', fix: 'Free some space.' },
      ...{ said: [], fixSaid: [] },
    },
  ]
  const { code, stdout, stderr } = await home.run(['doctor'])
  expect(code).toBe(EXIT_CODES.failure)
  expect(stdout).toMatch(/✓ Node: 26.*✗ hub: Disk: full\n {4}Free some space\./s)
  expect(stderr).toMatch(/1 of \d+ checks failed/)
})

describe('check', () => {
  test('node-version', async () => {
    const proxies = { http: null, https: null, no: null }
    const environment = {
      cwd: home.folder,
      url: hub.url,
      key: null,
      credentialsFile: home.credentialsFile,

      proxies,
    }
    const facts = { ...(await gatherFacts({}, environment)), nodeVersion: '20.11.0' }
    expect(runChecks(facts)[0]).toMatchObject({
      id: 'node-version',
      ok: false,
      message: '20.11.0 is too old',
      side: 'client',
    })
  })
  test('address', async () => void (await expectFault('address', { env: { MCPHUB_URL: 'ftp://hub' } })))
  test('encrypted', async () => {
    const env = { MCPHUB_URL: 'http://mcphub.invalid' }
    await expectFault('encrypted', { env }, ['--insecure'])
    await expectFault('address', { env })
  })
  test('proxy', async () => {
    await expectFault('proxy', { env: { HTTP_PROXY: 'http://127.0.0.1:9' } })
    expect(
      failing(await doctor({ env: { HTTP_PROXY: 'http://127.0.0.1:9', NO_PROXY: 'a.example, 127.0.0.1' } })),
    ).toEqual([])
  })
  test('reachable', async () => {
    await hub.close()
    const { message } = await expectFault('reachable')
    expect(message).toContain('ECONNREFUSED')
  })
  test('healthy', async () => {
    Object.assign(hub.state.health, { status: 'degraded', database: 'unavailable' })
    await expectFault('healthy')
  })
  test('same-version', async () => {
    Object.assign(hub.state.health, { version: '9.9.9' })
    await expectFault('same-version')
  })
  test('clocks', async () => {
    hub.state.health.clockOffsetMs = -300_000
    expect((await expectFault('clocks')).message).toMatch(/differ by (299|30\d) s/)
  })
  test('key-found', async () => void (await expectFault('key-found', { env: { MCPHUB_KEY: '' } })))
  test('key-valid', async () =>
    void (await expectFault('key-valid', { env: { MCPHUB_KEY: `mcphub_${'0'.repeat(64)}` } })))
  test('key-expiry', async () => {
    const expiresAt = new Date(Date.now() + 2.5 * 86_400_000).toISOString()
    const { secret } = hub.state.addKey(rootId, 'old', { expiresAt })
    expect((await expectFault('key-expiry', { env: { MCPHUB_KEY: secret } })).message).toBe('in 2 days')
  })
  const keep = (content: string, mode: number): void => {
    mkdirSync(path.dirname(home.credentialsFile), { recursive: true })
    writeFileSync(home.credentialsFile, content)
    chmodSync(home.credentialsFile, mode)
  }
  test('files-private', async () => {
    keep(JSON.stringify({ url: hub.url, key: hub.state.keys[0]!.secret }), 0o644)
    expect((await expectFault('files-private')).fix).toBe(`chmod 600 ${home.credentialsFile}`)
  })
  test('files-usable', async () => {
    keep('canary', 0o600)
    expect((await expectFault('files-usable')).message).not.toContain('canary')
  })
  test('folder-private', async () => {
    keep(JSON.stringify({ url: hub.url, key: hub.state.keys[0]!.secret }), 0o600)
    chmodSync(path.dirname(home.credentialsFile), 0o777)
    await expectFault('folder-private')
  })
  test('endpoint', async () => {
    hub.faults.set('/mcp', { status: 405, body: '<html>' })
    expect((await expectFault('endpoint')).message).toBe('/mcp answered 405 and no JSON-RPC')
  })
  test('variables', async () => {
    hub.state.servers[0]!.userVariables.push(describeVariable('USER_TOKEN'))
    expect((await expectFault('variables')).fix).toContain('mcphub secrets set USER_TOKEN')
  })
  test('servers', async () => {
    hub.state.servers[0]!.status = 'Failed'
    expect((await expectFault('servers')).message).toBe('failed: everything')
    hub.state.servers = []
    expect((await expectFault('servers')).message).toBe('you may use none')
  })
  test('tool-count', async () => {
    const [tool] = hub.state.servers[0]!.tools
    hub.state.servers[0]!.tools = Array.from({ length: 40 }, () => tool!)
    expect((await expectFault('tool-count')).message).toContain('40 tools')
  })
  test('hub-checks', async () => {
    hub.faults.set('getDoctor', 'internal')
    await expectFault('hub-checks')
    const member = hub.state.addKey(hub.state.addUser('alice').id, 'k').secret
    const report = await doctor({ env: { MCPHUB_KEY: member } })
    expect(report.items.find(({ id }) => id === 'hub-checks')).toMatchObject({
      ok: true,
      message: expect.stringContaining('skipped'),
    })
  })
})
