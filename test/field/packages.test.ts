// How this machine reaches its registries goes on to whatever fetches from them, and nothing else does.
import { afterEach, expect, test, vi } from 'vitest'
import { pickInherited } from '../kit/hub.ts'

afterEach(() => vi.unstubAllEnvs())

test('registries, proxies and certificates of npm and pip are inherited, secrets are not', () => {
  const wanted = {
    HTTPS_PROXY: 'http://proxy.example:3128',
    no_proxy: 'localhost',
    NODE_EXTRA_CA_CERTS: '/etc/ca.pem',
    SSL_CERT_FILE: '/etc/ca.pem',
    REQUESTS_CA_BUNDLE: '/etc/ca.pem',
    npm_config_registry: 'https://npm.example/',
    PIP_INDEX_URL: 'https://pypi.example/simple',
    PIP_CERT: '/etc/ca.pem',
  }
  for (const [name, value] of Object.entries(wanted)) vi.stubEnv(name, value)
  vi.stubEnv('GITHUB_TOKEN', 'secret')
  vi.stubEnv('MCPHUB_DATABASE_URL', 'postgres://secret')
  const inherited = pickInherited()
  expect(inherited).toMatchObject(wanted)
  expect(Object.keys(inherited).filter((name) => /TOKEN|MCPHUB/.test(name))).toEqual([])
})
