// What several stories ask of a server, whatever its pods run under.
import { createHmac, randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import type { Person } from './hub.ts'
import { addPerson, open, setVariables } from './hub.ts'
import { conditionOf, podsOf, poolOf, read, waitForNone } from './kube.ts'
import { SANDBOXES } from '../settings.ts'

/** Its pod goes by itself, its lists answer all the same, and twelve who call at once wake one. The server's idle time must be a few seconds. */
export async function sleepAndWakeOnce(person: Person, server: string): Promise<void> {
  const session = await open(person, server, { sdk: '2.4' })
  await session.call('count')
  const asleep = (): Promise<void> => waitForNone(`pods of ${server}`, () => podsOf(server))
  await asleep()
  expect(await session.listTools()).toContain('whoami')
  expect(await podsOf(server)).toEqual([])
  const calls = await Promise.all(Array.from({ length: 12 }, () => session.call('whoami')))
  expect(new Set(calls).size).toBe(1)
  const pods = (await podsOf(server)).map(({ metadata }) => metadata.name)
  expect(pods).toEqual([(JSON.parse(calls[0] ?? '{}') as { pod: string }).pod])
  // by itself again, though the session stays open
  await asleep()
  await session.close()
}

/** Names of the pods that wait and can be taken. */
export const readyPool = async (server: string): Promise<string[]> =>
  (await poolOf(server))
    .filter((pod) => conditionOf(pod, 'Ready')?.status === 'True')
    .map(({ metadata }) => metadata.name)

export const poolIsFull = (server: string, size: number): Promise<void> =>
  waitUntil(`${size} pods of ${server} wait`, async () => (await readyPool(server)).length === size)

/** A newcomer's first call takes a waiting pod, with a secret of their own, and the pool is filled again. */
export async function takeFromPool(server: string, size: number): Promise<void> {
  const secret = randomBytes(16).toString('hex')
  const newcomer = await addPerson('newcomer')
  await setVariables(newcomer, { USER_STORY_SECRET: secret })
  const waiting = await readyPool(server)
  const session = await open(newcomer, server)
  expect(await session.call('nonce', { challenge: 'x' })).toBe(createHmac('sha256', secret).update('x').digest('hex'))
  const { pod } = JSON.parse(await session.call('whoami')) as { pod: string }
  expect(waiting).toContain(pod)
  const taken = await read(SANDBOXES, 'pod', pod)
  expect(taken.metadata.labels).not.toHaveProperty('mcphub.io/pool')
  expect(taken.metadata.ownerReferences?.map(({ kind }) => kind)).toEqual(['McpSandbox'])
  await poolIsFull(server, size)
  expect(await readyPool(server)).not.toContain(pod)
  await session.close()
}
