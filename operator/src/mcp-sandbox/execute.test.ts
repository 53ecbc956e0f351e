// What is done to a pod that is to end: nothing to one that the store has no longer, whatever came under its name.
import type { KubeClient } from '@mcphub/kube'
import { expect, test, vi } from 'vitest'
import type { PodObject } from '../resources.ts'
import { endPod } from './execute.ts'
import { BegunWork } from './under-way.ts'

const pod = {
  metadata: { namespace: 'sandboxes', name: 'files-alice-0', uid: 'p', resourceVersion: '1' },
} as PodObject
const { signal } = new AbortController()

test.each([
  ['this very pod is there', true, 1],
  ['it is gone, or a namesake has its place', false, 0],
])('%s: it is asked to end so often', async (_what, isThere, times) => {
  const remove = vi.fn(() => Promise.resolve())
  const begun = new BegunWork()
  const client = { delete: remove } as unknown as KubeClient
  await endPod({ client, begun, isPodThere: () => isThere }, pod, 1, signal)
  expect(remove).toHaveBeenCalledTimes(times)
  // noted until the watch tells of it, which for one that is gone it has done already
  expect(begun.asEnded(pod).metadata.deletionTimestamp !== undefined).toBe(isThere)
})
