// Story 5: pods that wait for whoever comes, and take that person's secrets only then.
import { createHmac, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import { addPerson, open, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, conditionOf, inSandboxes, podsOf, poolOf, read, remove, waitForNone } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'
import { SANDBOXES } from '../settings.ts'

const WARM = { stdio: { warmPool: { replicas: 2 }, idleTimeoutSeconds: 15 } }

const readyPool = async (): Promise<string[]> =>
  (await poolOf('warm'))
    .filter((pod) => conditionOf(pod, 'Ready')?.status === 'True')
    .map(({ metadata }) => metadata.name)

const isFull = (size: number): Promise<void> =>
  waitUntil(`${size} pods wait`, async () => (await readyPool()).length === size)

beforeAll(async () => {
  await apply(personalServer('warm', WARM))
  const first = await addPerson('first')
  await setVariables(first, { USER_STORY_SECRET: 'of-the-first' })
  await waitForTools(first, 'warm')
  await isFull(2)
})
afterAll(() => remove('mcpserver', 'warm'))

test("a newcomer's first call takes a waiting pod, with secrets of his own, and the pool is filled again", async () => {
  const secret = randomBytes(16).toString('hex')
  const newcomer = await addPerson('newcomer')
  await setVariables(newcomer, { USER_STORY_SECRET: secret })
  const waiting = await readyPool()
  const session = await open(newcomer, 'warm')
  expect(await session.call('nonce', { challenge: 'x' })).toBe(createHmac('sha256', secret).update('x').digest('hex'))
  const { pod } = JSON.parse(await session.call('whoami')) as { pod: string }
  expect(waiting).toContain(pod)
  const taken = await read(SANDBOXES, 'pod', pod)
  expect(taken.metadata.labels).not.toHaveProperty('mcphub.io/pool')
  expect(taken.metadata.ownerReferences?.map(({ kind }) => kind)).toEqual(['McpSandbox'])
  await isFull(2)
  expect(await readyPool()).not.toContain(pod)
  await session.close()
})

test('two newcomers at once get two pods', async () => {
  await isFull(2)
  const pods = await Promise.all(
    ['one', 'two'].map(async (name) => {
      const person = await addPerson(name)
      await setVariables(person, { USER_STORY_SECRET: name })
      const session = await open(person, 'warm', { sdk: '2.4' })
      const { pod } = JSON.parse(await session.call('whoami')) as { pod: string }
      await session.close()
      return pod
    }),
  )
  expect(new Set(pods).size).toBe(2)
})

test('a pod that was taken never comes back: asleep, it is gone', async () => {
  const taken = (await podsOf('warm')).map(({ metadata }) => metadata.name)
  expect(taken.length).toBeGreaterThan(0)
  await waitForNone('taken pods', () => podsOf('warm'))
  await isFull(2)
  expect((await readyPool()).filter((name) => taken.includes(name))).toEqual([])
})

test('`kubectl scale` sets how many wait', async () => {
  await inSandboxes('scale', 'mcpserver', 'warm', '--replicas=0')
  await waitForNone('waiting pods', () => poolOf('warm'))
  await inSandboxes('scale', 'mcpserver', 'warm', '--replicas=1')
  await isFull(1)
})
