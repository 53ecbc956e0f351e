// Story 6: gVisor, by the server and by a group. The second node and its loss: 6l-long-node.
import { afterAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import type { Person } from '../kit/hub.ts'
import { addPerson, context, open, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, kubectl, read, remove } from '../kit/kube.ts'
import { group, personalServer } from '../kit/servers.ts'
import type { Session } from '../kit/sessions.ts'
import { placeOf, podOf } from '../kit/sessions.ts'
import { SANDBOXES } from '../settings.ts'

const hasGvisor = context.probes.some(({ name, holds }) => name === 'RuntimeClass gvisor' && holds)
const NO_GVISOR = 'this cluster has no RuntimeClass gvisor'

afterAll(async () => {
  await remove('mcpserver', 'inside-gvisor', 'by-group')
  await remove('usergroup', 'gvisor-people')
})

async function newPerson(name: string, server: string): Promise<Person> {
  const person = await addPerson(name)
  await setVariables(person, { USER_STORY_SECRET: `of-${name}` })
  await waitForTools(person, server, 90_000)
  return person
}

/** gVisor answers with a kernel of its own. */
const kernelOf = (session: Session): Promise<string> => session.call('read', { path: '/proc/version' })

test('a server under gVisor: first call, secret, sleep and wake', async ({ skip }) => {
  skip(!hasGvisor, NO_GVISOR)
  await apply(personalServer('inside-gvisor', { stdio: { runtimeClassName: 'gvisor' } }))
  const person = await newPerson('guarded', 'inside-gvisor')
  const session = await open(person, 'inside-gvisor')
  expect(await kernelOf(session)).toMatch(/4\.19\.0-gvisor|gvisor/i)
  const before = await placeOf(session)
  const pod = await podOf(session)
  expect((await read(SANDBOXES, 'pod', pod)).spec['runtimeClassName']).toBe('gvisor')
  expect(JSON.parse(await session.call('env'))).toMatchObject({ SERVER_SECRET: 'of-guarded' })
  await kubectl('-n', SANDBOXES, 'delete', 'pod', pod, '--wait=false')
  await waitUntil('another pod answers', async () => (await placeOf(session)) !== before)
  await session.close()
})

test('a group names the runtime for its people alone, also under a running pod', async ({ skip }) => {
  skip(!hasGvisor, NO_GVISOR)
  await apply(personalServer('by-group'))
  const inside = await newPerson('inside', 'by-group')
  const outside = await newPerson('outside', 'by-group')
  const session = await open(inside, 'by-group')
  expect(await kernelOf(session)).not.toMatch(/gvisor/i)
  // under the running pod
  const members = { users: [inside.username] }
  await apply(group('gvisor-people', { members, servers: ['by-group'], sandboxes: { runtimeClassName: 'gvisor' } }))
  await waitUntil('the member runs under gVisor', async () => /gvisor/i.test(await kernelOf(session)))
  const other = await open(outside, 'by-group')
  expect(await kernelOf(other)).not.toMatch(/gvisor/i)
  await Promise.all([session.close(), other.close()])
})
