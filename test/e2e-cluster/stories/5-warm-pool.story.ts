// Story 5: pods that wait for whoever comes, and take that person's secrets only then.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { poolIsFull, readyPool, takeFromPool } from '../kit/flows.ts'
import { addPerson, open, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, inSandboxes, podsOf, poolOf, remove, waitForNone } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'

const WARM = { stdio: { warmPool: { replicas: 2 }, idleTimeoutSeconds: 15 } }

beforeAll(async () => {
  await apply(personalServer('warm', WARM))
  const first = await addPerson('first')
  await setVariables(first, { USER_STORY_SECRET: 'of-the-first' })
  await waitForTools(first, 'warm')
  await poolIsFull('warm', 2)
})
afterAll(() => remove('mcpserver', 'warm'))

test("a newcomer's first call takes a waiting pod, with secrets of his own, and the pool is filled again", () =>
  takeFromPool('warm', 2))

test('two newcomers at once get two pods', async () => {
  await poolIsFull('warm', 2)
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
  await poolIsFull('warm', 2)
  expect((await readyPool('warm')).filter((name) => taken.includes(name))).toEqual([])
})

test('`kubectl scale` sets how many wait', async () => {
  await inSandboxes('scale', 'mcpserver', 'warm', '--replicas=0')
  await waitForNone('waiting pods', () => poolOf('warm'))
  await inSandboxes('scale', 'mcpserver', 'warm', '--replicas=1')
  await poolIsFull('warm', 1)
})
