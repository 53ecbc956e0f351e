// What the API server itself can take of the operator's writes, from a bare client that does nothing else and keeps nothing: the ceiling that
// wakes per second are to be read beside.
import { PODS } from '@mcphub/kube'
import type { KubeClient, KubeObject, Stored } from '@mcphub/kube'
import { MCP_SANDBOXES, forAll, nameOf, wake } from './sandboxes.ts'
import { SANDBOXES, SLEEPING } from './settings.ts'

const WAKES = Math.min(1000, SLEEPING)

/** The operator must not run. @returns wakes per second: a patch, a pod, two statuses each */
export async function measureCeiling(gateway: KubeClient, operator: KubeClient): Promise<number> {
  const [pod] = (await operator.listPage(PODS, { namespace: SANDBOXES }, { limit: 1 })).items
  if (!pod) throw new Error('there is no pod to copy')
  const began = performance.now()
  await forAll('the same writes by a bare client', WAKES, (index) => wakeBarely(gateway, operator, { index, pod }))
  return WAKES / ((performance.now() - began) / 1000)
}

async function wakeBarely(
  gateway: KubeClient,
  operator: KubeClient,
  { index, pod }: { readonly index: number; readonly pod: KubeObject & Stored },
): Promise<void> {
  const ref = { namespace: SANDBOXES, name: nameOf(index) }
  await wake(gateway, index, Date.now())
  const made = await operator.create(PODS, copyPod(pod, `${ref.name}-bare`))
  const podRef = { name: made.metadata.name, uid: made.metadata.uid }
  await operator.patch(
    MCP_SANDBOXES,
    ref,
    { type: 'merge', body: { status: { conditions: conditions('Starting'), podRef } } },
    { subresource: 'status' },
  )
  await operator.patch(
    MCP_SANDBOXES,
    ref,
    { type: 'merge', body: { status: { conditions: conditions('PodReady'), podIPs: ['10.0.0.1'] } } },
    { subresource: 'status' },
  )
}

function copyPod({ metadata, spec }: KubeObject & Stored, name: string): KubeObject {
  const { nodeName: _node, ...rest } = spec as Readonly<Record<string, unknown>>
  return { metadata: { namespace: SANDBOXES, name, labels: metadata.labels ?? {} }, spec: rest }
}

const conditions = (reason: string): object[] =>
  ['Ready', 'Suspended', 'PodScheduled', 'UpToDate'].map((type) => ({
    type,
    status: 'Unknown',
    reason,
    message: 'What the operator says is about as long as this.',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }))
