// Story 6: gVisor, by the server and by a group; and a second node, which is then lost.
import { afterAll, expect, test } from 'vitest'
import { waitUntil } from '../../cluster/commands.ts'
import type { Person } from '../kit/hub.ts'
import { addPerson, context, open, setVariables, waitForTools } from '../kit/hub.ts'
import { apply, cluster, kubectl, podsOf, read, remove } from '../kit/kube.ts'
import { group, personalServer } from '../kit/servers.ts'
import type { Session } from '../kit/sessions.ts'
import { placeOf, podOf } from '../kit/sessions.ts'
import { SANDBOXES } from '../settings.ts'

const hasGvisor = context.probes.some(({ name, holds }) => name === 'RuntimeClass gvisor' && holds)
const NO_GVISOR = 'this cluster has no RuntimeClass gvisor'
const NOT_OURS = 'nodes of a foreign cluster are its own'

afterAll(async () => {
  await remove('mcpserver', 'inside-gvisor', 'by-group', 'far')
  await remove('usergroup', 'gvisor-people')
  if (context.own) await cluster.removeNode()
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
  expect(await placeOf(session)).not.toBe(before)
  await session.close()
})

test('a group names the runtime for its people alone', async ({ skip }) => {
  skip(!hasGvisor, NO_GVISOR)
  await apply(personalServer('by-group'))
  const inside = await newPerson('inside', 'by-group')
  const outside = await newPerson('outside', 'by-group')
  const members = { users: [inside.username] }
  await apply(group('gvisor-people', { members, servers: ['by-group'], sandboxes: { runtimeClassName: 'gvisor' } }))
  const session = await open(inside, 'by-group')
  await waitUntil('the member runs under gVisor', async () => /gvisor/i.test(await kernelOf(session)))
  const other = await open(outside, 'by-group')
  expect(await kernelOf(other)).not.toMatch(/gvisor/i)
  await Promise.all([session.close(), other.close()])
})

test(
  'two nodes: a sandbox on the other node answers; that node lost, the next call has another pod',
  { timeout: 300_000 },
  async ({ skip }) => {
    skip(!context.own, NOT_OURS)
    await cluster.addNode()
    for (const archive of context.sandboxArchives) await cluster.loadImage(archive)
    await kubectl('cordon', 'node1')
    await apply(personalServer('far'))
    try {
      const person = await newPerson('traveller', 'far')
      const session = await open(person, 'far')
      const before = await placeOf(session)
      expect((await read(SANDBOXES, 'pod', await podOf(session))).spec['nodeName']).toBe('node2')
      await kubectl('uncordon', 'node1')
      const going = session.call('slow', { ms: 60_000 }).then(
        () => 'answered',
        (error: unknown) => String(error),
      )
      await session.call('count')
      await cluster.loseNode()
      // nobody tells: the connection is silent until the gateway's own patience ends
      expect(await going).toMatch(/far/)
      await cluster.removeNode()
      await waitUntil(
        'a pod on the node that is left answers',
        async () => (await placeOf(session)) !== before,
        120_000,
      )
      const pods = (await podsOf('far')).map(({ spec }) => spec['nodeName'])
      expect(pods).toContain('node1')
      await session.close()
    } finally {
      await kubectl('uncordon', 'node1')
    }
  },
)
