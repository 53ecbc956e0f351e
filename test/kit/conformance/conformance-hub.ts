// A real hub in front of the conformance fixture behind every kind of upstream it speaks.
import { expect } from 'vitest'
import { startHub, type TestHub, type TestUser } from '../hub.ts'
import { local, remote } from '../manifests.ts'
import { startRegistry } from '../registry.ts'
import { until } from '../wait-until.ts'
import { startFixture, type FixtureKind } from './fixture-hosts.ts'
import { bundleFixture, FIXTURE_PACKAGE } from './fixture-package.ts'

export type UpstreamKind = FixtureKind | 'stdio'

export const UPSTREAM_KINDS: readonly UpstreamKind[] = ['modern', 'legacy', 'sse', 'stdio']

export interface ConformanceHub {
  /** the fixture itself, without a hub */
  readonly fixtureUrl: string
  readonly hub: TestHub
  /** Another user, with a child of their own, whose `/mcp` shows this server alone, so that its URIs are nobody else's too. */
  addUserOf(server: UpstreamKind): Promise<TestUser>
  stop(): Promise<void>
}

export async function startConformanceHub(): Promise<ConformanceHub> {
  const [modern, legacy, sse] = await Promise.all([startFixture('modern'), startFixture('legacy'), startFixture('sse')])
  const registry = await startRegistry([await bundleFixture()])
  const hub = await startHub({
    manifests: {
      'modern.yaml': remote('modern', modern.url),
      'legacy.yaml': remote('legacy', legacy.url),
      'sse.yaml': remote('sse', sse.url, '    transport: Sse\n'),
      'stdio.yaml': local('stdio', FIXTURE_PACKAGE),
    },
    env: { MCPHUB_NPMRC: registry.npmrc },
  })
  await until(async () => {
    const { items } = await hub.request<{ items: { name: string; package: { state: string } | null }[] }>(
      'GET',
      '/api/servers',
    )
    expect(items.find(({ name }) => name === 'stdio')?.package?.state).toBe('Ready')
  }, 60_000)
  let users = 0
  return {
    fixtureUrl: modern.url,
    hub,
    async addUserOf(server) {
      const user = await hub.addUser(`suite-${++users}`)
      await hub.request('POST', '/api/user/groups', { name: 'one', servers: [server] }, user.key)
      return user
    },
    async stop() {
      await hub.stop()
      await registry.stop()
      await Promise.all([modern, legacy, sse].map((host) => host.stop()))
    },
  }
}
