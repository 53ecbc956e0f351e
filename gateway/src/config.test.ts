import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HubError } from '@mcphub/api'
import { expect, test } from 'vitest'
import { describeConfig, readConfig } from './config.ts'

const base = { MCPHUB_DATA_DIR: '/d', MCPHUB_CATALOG_DIR: '/c', MCPHUB_DATABASE_URL: 'postgres://db' }

function faultsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof HubError) return (error.details.faults ?? []).map((fault) => fault.field)
    throw error
  }
  return []
}

test('a minimal environment gives the published limits', () => {
  const config = readConfig(base)
  expect(config.hosts).toEqual(['127.0.0.1', '::1'])
  expect(config.callIdleMs).toBe(30_000)
  expect(config.keyringFile).toBe('/d/keyring.json')
  expect(config.demoKey).toBe(true)
})

test('all faults are told at once, each with its variable', () => {
  expect(faultsOf({ MCPHUB_PORT: '99999', MCPHUB_LOG_LEVEL: 'loud' }).sort()).toEqual([
    'MCPHUB_CATALOG_DIR',
    'MCPHUB_DATA_DIR',
    'MCPHUB_LOG_LEVEL',
    'MCPHUB_PORT',
  ])
  expect(faultsOf({ MCPHUB_DATA_DIR: '/d', MCPHUB_CATALOG_DIR: '/c', MCPHUB_HOST: 'localhost' }).sort()).toEqual([
    'MCPHUB_DATABASE_URL_FILE',
    'MCPHUB_HOST',
  ])
})

test('an address beyond loopback refuses the demo key', () => {
  expect(readConfig({ ...base, MCPHUB_HOST: '0.0.0.0' })).toMatchObject({ demoKey: false, loopbackOnly: false })
})

test('the database URL comes from a file, and a fault never repeats a value', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'mcphub-config-')), 'url')
  writeFileSync(file, 'postgres://from-file\n')
  expect(readConfig({ ...base, MCPHUB_DATABASE_URL_FILE: file }).databaseUrl).toBe('postgres://from-file')
  expect(() => readConfig({ ...base, MCPHUB_PORT: 'hunter2' })).toThrow(/^((?!hunter2).)*$/s)
})

test('--help lists every variable with its default', () => {
  expect(describeConfig()).toMatch(/MCPHUB_PORT +port of the MCP endpoint.*\[3000\]/)
})

function clusterEnv(over: Record<string, string> = {}): Record<string, string> {
  const ring = join(mkdtempSync(join(tmpdir(), 'mcphub-config-')), 'keyring.json')
  writeFileSync(ring, '[]')
  return {
    MCPHUB_MODE: 'kubernetes',
    MCPHUB_DATA_DIR: '/data',
    MCPHUB_DATABASE_URL: 'postgres://db',
    MCPHUB_KEYRING_FILE: ring,
    MCPHUB_POD_IP: '10.1.2.3',
    MCPHUB_POD_NAME: 'gateway-0',
    MCPHUB_NAMESPACE: 'hub',
    MCPHUB_SANDBOX_NAMESPACE: 'hub-sandboxes',
    MCPHUB_PEERS_SERVICE: 'mcphub-peers.hub.svc',
    MCPHUB_INTERNAL_NAME: 'mcphub-internal.hub.svc',
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    KUBERNETES_SERVICE_PORT: '443',
    ...over,
  }
}

test('in a cluster: all addresses, fixed ports, no demo key, no folder of manifests', () => {
  expect(readConfig(clusterEnv())).toMatchObject({
    mode: 'kubernetes',
    hosts: ['0.0.0.0'],
    metricsHost: '0.0.0.0',
    metricsPort: 9090,
    demoKey: false,
    catalogDir: null,
    cluster: { podIp: '10.1.2.3', callHomePort: 8443, peersPort: 8444, apiServer: { host: '10.0.0.1', port: '443' } },
  })
  expect(readConfig(clusterEnv({ MCPHUB_HOST: '127.0.0.1' })).demoKey).toBe(false)
  expect(readConfig(base).cluster).toBeNull()
})

test('in a cluster: every variable that is missing or wrong is named with its fix', () => {
  const missing = { MCPHUB_POD_IP: '', MCPHUB_PEERS_SERVICE: '', KUBERNETES_SERVICE_HOST: '', MCPHUB_KEYRING_FILE: '' }
  expect(faultsOf(clusterEnv(missing)).sort()).toEqual([
    'KUBERNETES_SERVICE_HOST',
    'MCPHUB_KEYRING_FILE',
    'MCPHUB_PEERS_SERVICE',
    'MCPHUB_POD_IP',
  ])
  expect(faultsOf(clusterEnv({ MCPHUB_POD_IP: 'gateway-0' }))).toEqual(['MCPHUB_POD_IP'])
  expect(() => readConfig(clusterEnv({ MCPHUB_KEYRING_FILE: '/nowhere/ring.json' }))).toThrow(/mount the Secret/)
  const outside = { KUBERNETES_SERVICE_HOST: '', MCPHUB_KUBECONFIG: '/home/me/.kube/config' }
  expect(readConfig(clusterEnv(outside)).cluster?.apiServer).toEqual({ kubeconfig: '/home/me/.kube/config' })
})

test('proxies in front: none are believed in unless they are counted', () => {
  expect(readConfig(base).trustedProxies).toBe(0)
  expect(readConfig({ ...base, MCPHUB_TRUSTED_PROXIES: '2' }).trustedProxies).toBe(2)
  for (const wrong of ['-1', '11', 'all'])
    expect(faultsOf({ ...base, MCPHUB_TRUSTED_PROXIES: wrong })).toEqual(['MCPHUB_TRUSTED_PROXIES'])
})

test('providers people log in through: all faults of their list among the others; a hub that others reach must know its address', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-config-'))
  const write = (text: string): string => {
    writeFileSync(join(folder, 'login.yaml'), text)
    return join(folder, 'login.yaml')
  }
  expect(readConfig(base)).toMatchObject({ providers: [], claimsDays: 30, loginDays: 30 })
  const wrong = { ...base, MCPHUB_HOST: 'everywhere', MCPHUB_LOGIN_FILE: write('- { id: a, kind: oidc, clientId: x }') }
  expect(faultsOf(wrong)).toEqual(['MCPHUB_HOST', 'MCPHUB_LOGIN_FILE [0].issuer'])
  const list = '- { id: sso, kind: oidc, clientId: x, issuer: "https://sso.example", allow: { groups: [staff] } }'
  const here = { ...base, MCPHUB_LOGIN_FILE: write(list), MCPHUB_LOGIN_DAYS: '0', MCPHUB_CLAIMS_DAYS: '7' }
  expect(readConfig(here)).toMatchObject({ providers: [{ id: 'sso' }], claimsDays: 7, loginDays: 0 })
  expect(faultsOf({ ...here, MCPHUB_HOST: '0.0.0.0' })).toEqual(['MCPHUB_PUBLIC_URL'])
  const known = { MCPHUB_HOST: '0.0.0.0', MCPHUB_PUBLIC_URL: 'https://mcp.example/' }
  expect(readConfig({ ...here, ...known })).toMatchObject({ publicUrl: 'https://mcp.example' })
})
