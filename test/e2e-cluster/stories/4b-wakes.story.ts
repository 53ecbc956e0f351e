// Story 4, while somebody waits: a value changes, the person is deleted, the namespace is full, the program ends at once.
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import { timed } from '../kit/figures.ts'
import type { Person } from '../kit/hub.ts'
import { addPerson, open, openAll, request, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, inSandboxes, isGoing, podsOf, read, remove, sandboxesOf, stopAll } from '../kit/kube.ts'
import { personalServer } from '../kit/servers.ts'
import type { Session } from '../kit/sessions.ts'
import { podOf } from '../kit/sessions.ts'
import { SANDBOXES } from '../settings.ts'

const QUOTA = 'story-full'
let erin: Person
let session: Session

beforeAll(async () => {
  await apply(
    personalServer('wakes', { stdio: { idleTimeoutSeconds: 600 } }),
    personalServer('broken', { stdio: { command: ['node', '/app/nothing.mjs'] } }),
  )
  erin = await addPerson('erin')
  await setVariables(erin, { USER_STORY_SECRET: 'first' })
  await waitForTools(erin, 'wakes')
  session = await open(erin, 'wakes')
})
afterAll(async () => {
  await session?.close()
  await inSandboxes('delete', 'resourcequota', QUOTA, '--ignore-not-found')
  await remove('mcpserver', 'wakes', 'broken')
})

const nonceOf = (secret: string): string => createHmac('sha256', secret).update('x').digest('hex')
const askNonce = (): Promise<string> => session.call('nonce', { challenge: 'x' })
const livePods = async (): Promise<string[]> =>
  (await podsOf('wakes')).filter((pod) => !isGoing(pod)).map(({ metadata }) => metadata.name)

test('SEC-9: a changed value reaches the running pod within 10 s, in that pod, and the old one is not used again', async () => {
  expect(await askNonce()).toBe(nonceOf('first'))
  const pod = await podOf(session)
  await setVariables(erin, { USER_STORY_SECRET: 'second' })
  await waitUntil('the new value is used', async () => (await askNonce()) === nonceOf('second'), 10_000)
  for (let call = 0; call < 5; call++) expect(await askNonce()).toBe(nonceOf('second'))
  expect(await podOf(session)).toBe(pod)
})

test('SEC-9: a value that changes while the pod starts: the call is answered, the next has the new one, one pod was made', async () => {
  await stopAll('wakes')
  const waiting = askNonce()
  await setVariables(erin, { USER_STORY_SECRET: 'third' })
  expect([nonceOf('second'), nonceOf('third')]).toContain(await waiting)
  await waitUntil('the new value is used', async () => (await askNonce()) === nonceOf('third'), 10_000)
  expect(await livePods()).toEqual([await podOf(session)])
})

test('OPR-9: a person is deleted while their pod starts: within 10 s no sandbox, no pod and no key of theirs is left', async () => {
  const others = new Set((await sandboxesOf('wakes')).map(({ metadata }) => metadata.name))
  const person = await addPerson('leaver')
  await setVariables(person, { USER_STORY_SECRET: 'of-leaver' })
  const theirs = await open(person, 'wakes')
  const waiting = theirs.call('count').catch(String)
  const found = async (): Promise<string[]> =>
    (await sandboxesOf('wakes')).map(({ metadata }) => metadata.name).filter((name) => !others.has(name))
  await waitUntil('their sandbox is there', async () => (await found()).length === 1)
  const [sandbox = ''] = await found()
  const start = performance.now()
  await request('DELETE', `/api/admin/users/${person.id}?mode=hard`)
  await waiting
  await waitUntil(
    'nothing of theirs is left',
    async () => {
      expect(await found()).toEqual([])
      const pods = await podsOf('wakes')
      expect(pods.filter(({ metadata }) => metadata.labels?.['mcphub.io/sandbox'] === sandbox)).toEqual([])
    },
    10_000,
  )
  expect(performance.now() - start).toBeLessThan(10_000)
  await expect(theirs.call('count')).rejects.toThrow()
  await expect(request('GET', '/api/user/me', undefined, person.key)).rejects.toThrow(/401/)
  // and it does not come back by itself
  expect(await found()).toEqual([])
})

test('a full namespace is answered at once with that reason, also to who asks again; freed, the next call is served', async () => {
  await stopAll('wakes')
  await inSandboxes('create', 'quota', QUOTA, '--hard=pods=0')
  await waitUntil('the quota is counted', async () => {
    const { status } = await read(SANDBOXES, 'resourcequota', QUOTA)
    return status?.['hard'] !== undefined
  })
  expect(await timed(() => expect(session.call('count')).rejects.toThrow(/QuotaExceeded/))).toBeLessThan(10_000)
  for (let call = 0; call < 3; call++)
    expect(await timed(() => expect(session.call('count')).rejects.toThrow(/QuotaExceeded/))).toBeLessThan(10_000)
  expect(await livePods()).toEqual([])
  await inSandboxes('delete', 'resourcequota', QUOTA)
  await waitUntil('there is room again', () => session.call('count'))
  expect((await livePods()).length).toBe(1)
})

test('a program that ends as soon as it starts is answered at once, and nobody can hammer through the back-off', async () => {
  const all = await openAll(erin)
  const fault = (): Promise<string> => all.call('broken__count', {}, { timeoutMs: 55_000 }).catch(String)
  await waitUntil('the reason is in the answer', async () => /ended|exit|CrashLoop/.test(await fault()))
  const pods = new Set((await podsOf('broken')).map(({ metadata }) => metadata.uid))
  const started = performance.now()
  const answers = await Promise.all(Array.from({ length: 10 }, fault))
  expect(performance.now() - started).toBeLessThan(10_000)
  expect(answers.filter((text) => !/ended|exit|CrashLoop|again/.test(text))).toEqual([])
  const after = (await podsOf('broken')).filter(({ metadata }) => !pods.has(metadata.uid))
  expect(after.length).toBeLessThanOrEqual(1)
  await all.close()
})
