// Story 4: Alice and Bob call; pods come, answer, go asleep and come back, and what fails says why.
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import { sleepAndWakeOnce } from '../kit/flows.ts'
import type { Person } from '../kit/hub.ts'
import { addPerson, open, openAll, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, conditionOf, inSandboxes, isGoing, podsOf, read, remove, sandboxesOf, stopAll } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'
import type { Session } from '../kit/sessions.ts'
import { placeOf, podOf } from '../kit/sessions.ts'
import { SANDBOXES } from '../settings.ts'

let alice: Person
let bob: Person
let session: Session
const SERVERS = ['calls', 'sleepy', 'nowhere']

beforeAll(async () => {
  await apply(personalServer('calls', { stdio: { idleTimeoutSeconds: 600 } }))
  alice = await addPerson('alice')
  bob = await addPerson('bob')
  await setVariables(alice, { USER_STORY_SECRET: 'of-alice' })
  await setVariables(bob, { USER_STORY_SECRET: 'of-bob' })
  await waitForTools(alice, 'calls')
})
afterAll(async () => {
  await session?.close()
  await remove('mcpserver', ...SERVERS)
})

const nonceOf = (secret: string, challenge: string): string =>
  createHmac('sha256', secret).update(challenge).digest('hex')
const livePods = async (server: string): Promise<string[]> =>
  (await podsOf(server)).filter((pod) => !isGoing(pod)).map(({ metadata }) => metadata.name)

/** The sandbox of the pod. */
const sandboxOf = async (pod: string): Promise<string> =>
  (await read(SANDBOXES, 'pod', pod)).metadata.labels?.['mcphub.io/sandbox'] ?? ''

test("Alice's first call brings an McpSandbox, a pod of hers and the answer; progress says why it takes time", async () => {
  await stopAll('calls')
  session = await open(alice, 'calls')
  const said: string[] = []
  const answer = await session.call('nonce', { challenge: 'one' }, { onProgress: (message) => void said.push(message) })
  expect(answer).toBe(nonceOf('of-alice', 'one'))
  expect(said.length).toBeGreaterThan(0)
  const pod = await read(SANDBOXES, 'pod', await podOf(session))
  const owners = (await sandboxesOf('calls')).filter(({ metadata }) =>
    pod.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid),
  )
  expect(owners.length).toBe(1)
})

test("Bob's call goes to another pod, with his own secret", async () => {
  const other = await open(bob, 'calls', { sdk: '2.4' })
  expect(await other.call('nonce', { challenge: 'two' })).toBe(nonceOf('of-bob', 'two'))
  expect(await podOf(other)).not.toBe(await podOf(session))
  await other.close()
})

test('the aggregate endpoint serves the same sandbox under the server’s name', async () => {
  const all = await openAll(alice, { sdk: '2.4' })
  expect(JSON.parse(await all.call('calls__whoami'))).toMatchObject({ pod: await podOf(session) })
  await all.close()
})

test('`kubectl get msb` tells server, readiness, reason and until when', async () => {
  const name = await sandboxOf(await podOf(session))
  await waitUntil(
    'the sandbox says that its pod is ready',
    async () => conditionOf(await read(SANDBOXES, 'mcpsandbox', name), 'Ready')?.reason === 'PodReady',
  )
  const [head = '', row = ''] = (await inSandboxes('get', 'msb', name)).split('\n')
  expect(head.split(/\s+/)).toEqual(expect.arrayContaining(['SERVER', 'READY', 'REASON', 'UNTIL', 'AGE']))
  expect(row).toMatch(/calls\s+True\s+PodReady/)
})

test('two calls at once meet one program', async () => {
  const [one, two] = await Promise.all([session.call('whoami'), session.call('whoami')])
  expect(one).toBe(two)
})

test('idle: pods vanish, lists still answer, and the next call wakes one, once, however many wait', async () => {
  await apply(personalServer('sleepy', { stdio: { idleTimeoutSeconds: 3 } }))
  await waitForTools(alice, 'sleepy')
  await sleepAndWakeOnce(alice, 'sleepy')
})

test('a pod that is deleted under a call: it drains, the call is answered, the next one has another pod', async () => {
  const before = await placeOf(session)
  const pod = await podOf(session)
  const going = session.call('slow', { ms: 3000, value: 'kept' })
  // the call must have reached the child
  await waitUntil('the child runs it', async () => (await session.call('count')) !== '0')
  await inSandboxes('delete', 'pod', pod, '--wait=false')
  expect(await going).toBe('kept')
  expect(await placeOf(session)).not.toBe(before)
})

test('a pod that is deleted without any grace: the call fails once, with the reason of Kubernetes, and the next is answered', async () => {
  const before = await placeOf(session)
  const pod = await podOf(session)
  const going = session.call('slow', { ms: 30_000 }).then(
    () => 'answered',
    (error: unknown) => String(error),
  )
  await session.call('count')
  await inSandboxes('delete', 'pod', pod, '--wait=false', '--grace-period=0', '--force')
  expect(await going).toMatch(/calls.*(its pod was deleted|the connection to its pod was lost)/)
  expect(await placeOf(session)).not.toBe(before)
})

test('a child that ends under a call: it fails once with its exit code, the next starts another in the same pod', async () => {
  const pod = await podOf(session)
  await expect(session.call('crash')).rejects.toThrow(/ended during the call.*3/)
  expect(await podOf(session)).toBe(pod)
})

test('an image that is not there is answered at once with that reason, and nobody can hammer through the back-off', async () => {
  await apply(personalServer('nowhere', { stdio: { image: `localhost/nowhere@sha256:${'0'.repeat(64)}` } }))
  const fault = async (): Promise<{ ms: number; text: string }> => {
    const start = performance.now()
    const answer = await openAll(alice).then(async (all) => {
      try {
        return await all.call('nowhere__whoami', {}, { timeoutMs: 55_000 })
      } catch (error) {
        return String(error)
      } finally {
        await all.close()
      }
    })
    return { ms: performance.now() - start, text: answer }
  }
  await waitUntil('the reason is in the answer', async () => /ImagePullFailed/.test((await fault()).text), 60_000)
  const again = await fault()
  expect(again.text).toMatch(/ImagePullFailed/)
  // at once: no wake is waited for, which is given up after 55 s
  expect(again.ms).toBeLessThan(10_000)
  const versions = async (): Promise<string[]> => (await sandboxesOf('nowhere')).map(({ metadata }) => metadata.uid)
  const before = await versions()
  const uidsOfPods = async (): Promise<string[]> => (await podsOf('nowhere')).map(({ metadata }) => metadata.uid)
  const pods = await uidsOfPods()
  for (let call = 0; call < 5; call++) expect((await fault()).text).toMatch(/ImagePullFailed/)
  expect(await versions()).toEqual(before)
  // no call made a new pod; the one that failed may be gone meanwhile
  expect((await uidsOfPods()).filter((uid) => !pods.includes(uid))).toEqual([])
})

test('one pod for one sandbox, ever: none was made twice', async () => {
  const counts = new Map<string, number>()
  for (const name of await livePods('calls')) {
    const sandbox = await sandboxOf(name)
    counts.set(sandbox, (counts.get(sandbox) ?? 0) + 1)
  }
  expect([...counts.values()].filter((count) => count > 1)).toEqual([])
})
