// Pods that wear the label of a sandbox and are not its own any more: somebody with rights on pods took their owner away.
import { PODS } from '@mcphub/kube'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../../../test/kit/wait-until.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'

let cluster: FakeCluster
beforeEach(async () => {
  cluster = await FakeCluster.start()
})
afterEach(() => cluster.stop())

test.each([
  ['is removed', () => null],
  ['controls it no more', (owners: readonly object[]) => owners.map((owner) => ({ ...owner, controller: false }))],
])('a pod whose owner %s is ended, and the sandbox gets another', async (_what, change) => {
  const files = await cluster.addServer('files')
  cluster.launch()
  await cluster.wake(files, 'alice')
  await until(() => expect(cluster.readyOf('files-alice')).toBe('PodReady'))
  const { metadata } = cluster.pods()[0]!
  const ownerReferences = change(metadata.ownerReferences ?? [])
  await cluster.client.patch(PODS, metadata, { type: 'merge', body: { metadata: { ownerReferences } } })
  await until(() => {
    expect(cluster.pods().map(({ metadata: { uid } }) => uid)).toEqual([cluster.statusOf('files-alice')!.podRef!.uid])
    expect(cluster.pods()[0]!.metadata.uid).not.toBe(metadata.uid)
    expect(cluster.readyOf('files-alice')).toBe('PodReady')
  })
})
