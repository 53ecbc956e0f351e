// Who loses a server loses the sandbox of it, where the catalogue is custom resources: not because a list came back short, but at once when it is so.
import { fixedCredentials, KubeClient, KubeHttp, type KubeObject } from '@mcphub/kube'
import { FakeApiServer } from '@mcphub/kube/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { buildSandboxInfo, createSandboxesDouble } from '../../test/kit/hub-doubles.ts'
import { followEntitlements } from './app-edges.ts'
import type { Runtime } from './app-runtime.ts'
import { CATALOG_KINDS } from './catalog/resources/kept-resource.ts'
import { createResourceCatalog } from './catalog/resources/resource-catalog.ts'
import type { Logger } from './platform/logger.ts'

const NAMESPACE = 'boxes'
const TIMING = { firstBackOffMs: 5, mostBackOffMs: 20, shortWatchMs: 10 }

test('empty lists end no sandbox and leave the servers as they were; a group that was deleted meanwhile ends them within 5 s', async () => {
  const server = await FakeApiServer.start({ bookmarkMs: 20 })
  const http = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: 'test', retries: 0 })
  const client = new KubeClient(http)
  onTestFinished(async () => {
    await http.destroy()
    await server.stop()
  })
  const make = (kind: 'McpServer' | 'UserGroup', name: string, spec: object): Promise<KubeObject> =>
    client.create(CATALOG_KINDS[kind], { metadata: { name, namespace: NAMESPACE }, spec })
  await make('McpServer', 'files', { type: 'Stdio', stdio: { package: { npm: { name: 'x', version: '1.0.0' } } } })
  for (const user of ['alice', 'bob']) await make('UserGroup', user, { servers: ['files'], members: { users: [user] } })
  const log = { info: () => undefined, warn: () => undefined }
  const catalog = createResourceCatalog({ client, namespace: NAMESPACE, log, timing: TIMING })
  await catalog.start()
  onTestFinished(() => catalog.stop())
  const sandboxes = createSandboxesDouble()
  for (const username of ['alice', 'bob'])
    sandboxes.infos.push(buildSandboxInfo({ userId: `id-${username}`, username, server: 'files' }))
  const people = (): unknown[] => sandboxes.infos.map(({ username }) => username)
  const claims = { of: () => [], onChange: () => () => undefined }
  const runtime = { sandboxes } as unknown as Runtime
  onTestFinished(followEntitlements({ catalog, claims, runtime, logger: log as unknown as Logger }))
  expect(people()).toEqual(['alice', 'bob'])
  const { servers } = catalog.snapshot()

  const back = server.inject({ when: ({ watch }) => watch, act: { drop: 'before' } })
  const lists = { lost: 0 }
  server.inject({
    when: ({ watch, method, name }) => !watch && method === 'GET' && name === null && ++lists.lost > 0,
    act: { empty: true },
  })
  server.cutWatches()
  await client.delete(CATALOG_KINDS.UserGroup, { namespace: NAMESPACE, name: 'bob' })
  server.compact()
  back()
  await vi.waitFor(() => expect(people()).toEqual(['alice']), { timeout: 5_000 })
  expect(lists.lost).toBeGreaterThanOrEqual(1)
  await vi.waitFor(() => expect(lists.lost).toBeGreaterThanOrEqual(2), { timeout: 5_000 })
  expect(catalog.snapshot().servers).toEqual(servers)
  // the watch goes on from the short list
  await client.delete(CATALOG_KINDS.UserGroup, { namespace: NAMESPACE, name: 'alice' })
  await vi.waitFor(() => expect(people()).toEqual([]), { timeout: 5_000 })
})
