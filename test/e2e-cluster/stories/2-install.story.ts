// Story 2: what `helm install` without further ado brings.
import { expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import { fetchHub, request } from '../kit/hub.ts'
import { cluster, conditionOf, gatewayPods, kubectl, list, operatorPods, readLeader } from '../kit/kube.ts'
import { requireProbe } from '../kit/proves.ts'
import { runHelm } from '../install.ts'
import { HUB, RELEASE } from '../settings.ts'

test('two gateways, two operators and a database are ready', async () => {
  for (const [pods, count] of [
    [await gatewayPods(), 2],
    [await operatorPods(), 2],
    [await list(HUB, 'pods', 'app.kubernetes.io/component=database'), 1],
  ] as const) {
    expect(pods.length).toBe(count)
    for (const pod of pods) expect(conditionOf(pod, 'Ready')).toMatchObject({ status: 'True' })
  }
})

test('one operator leads, and only one', async () => {
  const names = (await operatorPods()).map(({ metadata }) => metadata.name)
  await waitUntil('a lease is held', async () => {
    const holder = await readLeader()
    return names.filter((name) => holder.startsWith(name)).length === 1
  })
})

test('the three kinds are there under their short names', async () => {
  for (const kind of ['mcps', 'ug', 'msb']) await expect(kubectl('get', kind, '-A')).resolves.toBeDefined()
})

test('the one-time set-up link worked once and is spent', async () => {
  const response = await fetchHub('/api/setup', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: 'x'.repeat(43), username: 'somebody' }),
  })
  expect(response.status).toBeGreaterThanOrEqual(400)
  await expect(request('GET', '/api/user/me')).resolves.toMatchObject({ role: 'admin' })
})

test(
  '`helm test` proves that people are shut off from one another, and takes its people away',
  { timeout: 300_000 },
  async ({ skip }) => {
    requireProbe(skip, 'deny enforced')
    await runHelm(cluster, ['test', RELEASE, '--timeout', '4m', '--logs'])
    const { items } = await request<{ items: { username: string }[] }>('GET', '/api/admin/users/list')
    expect(items.map(({ username }) => username).filter((name) => name.includes('canary'))).toEqual([])
  },
)
