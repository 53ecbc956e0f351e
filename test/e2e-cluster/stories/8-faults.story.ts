// Story 8: gateways, operators and the API server go away at any time; sessions go on, nothing is done twice.
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import { whileStopped } from '../kit/faults.ts'
import type { Person } from '../kit/hub.ts'
import { addPerson, context, open, openAt, replicaAddresses, setVariables, waitForTools } from '../kit/hub.ts'
import {
  apply,
  conditionOf,
  gatewayPods,
  inHub,
  isGoing,
  list,
  merge,
  operatorPods,
  podsOf,
  readLeader,
  remove,
  stopAll,
  sandboxesOf,
} from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'
import { podOf } from '../kit/sessions.ts'
import { HUB } from '../settings.ts'

const AWAY_MS = 60_000
const STURDY = { stdio: { idleTimeoutSeconds: 600 } }
let dora: Person

beforeAll(async () => {
  await apply(personalServer('sturdy', STURDY))
  dora = await addPerson('dora')
  await setVariables(dora, { USER_STORY_SECRET: 'of-dora' })
  await waitForTools(dora, 'sturdy')
})
afterAll(() => remove('mcpserver', 'sturdy'))

const allReady = (pods: () => ReturnType<typeof gatewayPods>, count: number): Promise<void> =>
  waitUntil(
    `${count} are ready`,
    async () => (await pods()).filter((pod) => conditionOf(pod, 'Ready')?.status === 'True').length === count,
    120_000,
  )

const live = async (): Promise<string[]> =>
  (await podsOf('sturdy')).filter((pod) => !isGoing(pod)).map(({ metadata }) => metadata.name)

test('both replicas serve the same program', async () => {
  const [a = '', b = ''] = await replicaAddresses()
  const [one, two] = [await openAt(a, dora, 'sturdy'), await openAt(b, dora, 'sturdy', { sdk: '2.4' })]
  expect(await one.call('whoami')).toBe(await two.call('whoami'))
  await one.call('set', { value: 'by the one' })
  expect(await two.call('get')).toBe('by the one')
  await Promise.all([one.close(), two.close()])
})

test('a push of the program reaches sessions on both replicas', async () => {
  const [a = '', b = ''] = await replicaAddresses()
  const [one, two] = [await openAt(a, dora, 'sturdy'), await openAt(b, dora, 'sturdy')]
  await Promise.all([one.call('count'), two.call('count')])
  await one.call('push')
  await waitUntil('both were told', () => one.listChanges() > 0 && two.listChanges() > 0)
  await Promise.all([one.close(), two.close()])
})

test('a call that asks is answered though the answer comes to the other replica', async () => {
  const session = await open(dora, 'sturdy', {
    onAsked: async () => {
      // the Service gives each connection to any replica: the answer's is as good as random
      await wait(50)
      return { action: 'accept', content: { name: 'Dora' } }
    },
  })
  for (let round = 0; round < 6; round++) expect(await session.call('ask')).toContain('Dora')
  await session.close()
})

test('a gateway is killed: sessions survive on the other, the program goes on, nothing is made twice', async () => {
  const session = await open(dora, 'sturdy')
  await session.call('set', { value: 'before' })
  const before = await podOf(session)
  const [first] = await gatewayPods()
  await inHub('delete', 'pod', first?.metadata.name ?? '', '--grace-period=0', '--force', '--wait=false')
  await waitUntil('it answers again', async () => (await session.call('get')) === 'before')
  expect(await podOf(session)).toBe(before)
  expect((await live()).filter((name) => name === before)).toEqual([before])
  await allReady(gatewayPods, 2)
  await session.close()
})

test('the leading operator is killed: calls go on, the other leads, and sandboxes wake', async () => {
  const session = await open(dora, 'sturdy')
  const holder = await readLeader()
  const leading = (await operatorPods()).find(({ metadata }) => holder.startsWith(metadata.name))
  await inHub('delete', 'pod', leading?.metadata.name ?? '', '--grace-period=0', '--force', '--wait=false')
  await session.call('count')
  await waitUntil('another leads', async () => ![holder, ''].includes(await readLeader()), 90_000)
  await stopAll('sturdy')
  await session.call('count')
  expect((await live()).length).toBe(1)
  await allReady(operatorPods, 2)
  await session.close()
})

test('orphans are reaped though every gateway is gone', { timeout: 240_000 }, async () => {
  const session = await open(dora, 'sturdy')
  await session.call('count')
  await inHub('scale', 'deployment', '-l', 'app.kubernetes.io/component=gateway', '--replicas=0')
  try {
    await waitUntil(
      'no gateway is left',
      async () => (await list(HUB, 'pods', 'app.kubernetes.io/component=gateway')).length === 0,
      90_000,
    )
    for (const { metadata } of await sandboxesOf('sturdy'))
      await merge('mcpsandbox', metadata.name, { spec: { activeUntilTime: '2020-01-01T00:00:00Z' } })
    await waitUntil('the pods are gone', async () => (await podsOf('sturdy')).length === 0)
  } finally {
    await inHub('scale', 'deployment', '-l', 'app.kubernetes.io/component=gateway', '--replicas=2')
  }
  await allReady(gatewayPods, 2)
  await waitUntil('the session goes on', () => session.call('count'))
  await session.close()
})

test(
  'the API server is away for a minute: running sessions go on, and afterwards sandboxes wake',
  { timeout: 240_000 },
  async ({ skip }) => {
    skip(!context.own, 'the API server of a foreign cluster is its own')
    const session = await open(dora, 'sturdy')
    const before = await podOf(session)
    const end = performance.now() + AWAY_MS
    let calls = 0
    await whileStopped('apiserver', async () => {
      while (performance.now() < end) {
        expect(await podOf(session)).toBe(before)
        calls++
        await wait(1000)
      }
    })
    expect(calls).toBeGreaterThan(20)
    await waitUntil('the API server answers again', () => list(HUB, 'pods'))
    expect(await podOf(session)).toBe(before)
    const late = await addPerson('late')
    await setVariables(late, { USER_STORY_SECRET: 'late' })
    const other = await open(late, 'sturdy')
    await waitUntil('newcomers are served', () => other.call('count'), 90_000)
    await allReady(gatewayPods, 2)
    await allReady(operatorPods, 2)
    await Promise.all([session.close(), other.close()])
  },
)
