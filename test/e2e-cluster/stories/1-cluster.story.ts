// Story 1: the cluster the others run on is a real one, and enforces what they prove.
import { expect, test } from 'vitest'
import { context } from '../kit/hub.ts'
import { kubectl } from '../kit/kube.ts'
import { requireProbe } from '../kit/proves.ts'

test('the cluster enforces NetworkPolicies: else no story of isolation says anything', ({ skip }) => {
  requireProbe(skip, 'deny enforced')
  expect(context.probes.find(({ name }) => name === 'deny enforced')).toMatchObject({ holds: true })
})

test('it is a real one: API server, scheduler, kubelet with a container runtime', async () => {
  const nodes = JSON.parse(await kubectl('get', 'nodes', '-o', 'json')) as {
    items: { status: { nodeInfo: { containerRuntimeVersion: string; kubeletVersion: string } } }[]
  }
  expect(nodes.items.length).toBeGreaterThan(0)
  for (const { status } of nodes.items) expect(status.nodeInfo.containerRuntimeVersion).toMatch(/^(containerd|cri-o):/)
})
