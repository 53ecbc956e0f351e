// The fake passes the suite of the real one (which runs too, where MCPHUB_TEST_KUBECONFIG names a cluster), collects what lost its owners,
// and misbehaves as told.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { KubeClient } from '../client.ts'
import { fixedCredentials } from '../credentials.ts'
import { KubeHttp } from '../http.ts'
import { readKubeconfig } from '../kubeconfig.ts'
import { CONFIG_MAPS, PODS } from '../objects.ts'
import { describeApiServer } from './api-suite.ts'
import { FakeApiServer } from './fake-api-server.ts'

describeApiServer('the fake API server', async () => {
  const server = await FakeApiServer.start()
  return { credentials: fixedCredentials(server.url), close: () => server.stop() }
})

const kubeconfig = process.env['MCPHUB_TEST_KUBECONFIG']
if (kubeconfig) describeApiServer('a real API server', async () => ({ credentials: await readKubeconfig(kubeconfig) }))

describe('beyond what a lone API server does', () => {
  let server: FakeApiServer
  let client: KubeClient
  let http: KubeHttp
  beforeEach(async () => {
    server = await FakeApiServer.start()
    http = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: 'test', retries: 0 })
    client = new KubeClient(http)
  })
  afterEach(async () => {
    await http.destroy()
    await server.stop()
  })
  const meta = (name: string, more = {}): { name: string; namespace: string } => ({
    name,
    namespace: 'default',
    ...more,
  })

  test('what loses its last owner goes, through generations; what has another stays', async () => {
    const [one, two] = await Promise.all(
      ['one', 'two'].map((name) => client.create(CONFIG_MAPS, { metadata: meta(name) })),
    )
    const owner = ({ metadata: { name, uid } }: typeof one & object): object => ({
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }],
    })
    const child = await client.create(PODS, { metadata: meta('child', owner(one!)) })
    await client.create(PODS, { metadata: meta('grandchild', owner(child)) })
    const both = [one!, two!].flatMap((each) => (owner(each) as { ownerReferences: object[] }).ownerReferences)
    await client.create(PODS, { metadata: meta('shared', { ownerReferences: both }) })
    await client.delete(CONFIG_MAPS, meta('one'))
    const left = await client.listPage(PODS, { namespace: 'default' })
    expect(left.items.map(({ metadata }) => metadata.name)).toEqual(['shared'])
  })

  test('what is made for an owner that is gone already goes as well', async () => {
    const { metadata } = await client.create(CONFIG_MAPS, { metadata: meta('owner') })
    await client.delete(CONFIG_MAPS, metadata)
    const owned = { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid }] }
    await client.create(PODS, { metadata: meta('late', owned) })
    await vi.waitFor(async () => expect((await client.listPage(PODS, { namespace: 'default' })).items).toEqual([]))
  })

  test('orphans are let go when that is asked for', async () => {
    const { metadata } = await client.create(CONFIG_MAPS, { metadata: meta('owner') })
    const owned = { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: metadata.uid }] }
    await client.create(PODS, { metadata: meta('child', owned) })
    await client.delete(CONFIG_MAPS, metadata, { propagationPolicy: 'Orphan' })
    expect((await client.get(PODS, meta('child'))).metadata.ownerReferences).toEqual([])
  })

  test('a dropped connection loses the call or only its answer', async () => {
    server.inject({ when: ({ method }) => method === 'POST', act: { drop: 'before' }, times: 1 })
    await expect(client.create(CONFIG_MAPS, { metadata: meta('a') })).rejects.toMatchObject({ reason: 'Transport' })
    expect(server.storage.list('configmaps', null)).toHaveLength(0)
    server.inject({ when: ({ method }) => method === 'POST', act: { drop: 'after' }, times: 1 })
    await expect(client.create(CONFIG_MAPS, { metadata: meta('a') })).rejects.toMatchObject({ reason: 'Transport' })
    expect(server.storage.list('configmaps', null)).toHaveLength(1)
  })

  test('after a compaction neither a watch nor a list under way goes on', async () => {
    for (const name of ['a', 'b', 'c']) await client.create(CONFIG_MAPS, { metadata: meta(name) })
    const { next, resourceVersion } = await client.listPage(CONFIG_MAPS, {}, { limit: 1 })
    server.compact()
    await expect(client.listPage(CONFIG_MAPS, {}, { limit: 1, next })).rejects.toMatchObject({ code: 410 })
    const events = client.watch(CONFIG_MAPS, { resourceVersion, timeoutSeconds: 5 })
    expect((await events.next()).value).toMatchObject({ type: 'ERROR', object: { code: 410 } })
    await events.return(undefined)
  })
})
