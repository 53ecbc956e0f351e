// The stdio link over sandboxes in pods: real npm servers behind real shims, calls that meet a pod that goes, two replicas on one child.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeHostileServer } from '../../../../test/kit/hostile-sandboxes.ts'
import { buildShim, hasGo, PodWorld, type Replica } from '../../../../test/kit/pod-world.ts'
import { makeOwner, openUpstreamWorld, type UpstreamWorld } from '../../../../test/kit/upstream-world.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'

const MODULES = new URL('../../../../node_modules/@modelcontextprotocol/', import.meta.url).pathname
const alice = makeOwner('alice')
const bob = makeOwner('bob')
let pods: PodWorld
let replica: Replica
let world: UpstreamWorld

function makeImage(
  name: string,
  args: readonly string[],
  env: readonly { name: string; value: string }[] = [],
): CatalogServer {
  const command = [process.execPath, `${MODULES}server-${name}/dist/index.js`]
  const image = `registry/${name}@sha256:${'0'.repeat(64)}`
  const server = makeHostileServer({ args: [...args], env: [...env] }, name)
  const { package: _, ...stdio } = server.spec.stdio!
  return { ...server, uid: `uid-of-${name}`, spec: { ...server.spec, stdio: { ...stdio, image, command } } }
}

const everything = makeImage('everything', ['stdio'])
const filesystem = makeImage('filesystem', ['${WORKDIR}'])
const textOf = (answer: unknown): string =>
  (answer as { result: { content: { text: string }[] } }).result.content[0]!.text
const podCount = (): number => pods.pods.pods.size

beforeAll(async () => {
  if (!hasGo) return
  buildShim()
  pods = await PodWorld.open()
  replica = await pods.startReplica()
  world = await openUpstreamWorld({ idleMs: 10_000 }, replica.sandboxes)
}, 300_000)
afterAll(async () => {
  await world?.close()
  await pods?.close()
})

describe.skipIf(!hasGo)('real servers in pods', () => {
  test('each person has a pod of their own; lists, calls and errors come through', async () => {
    const said = await Promise.all([alice, bob].map((who) => world.call(who, everything, 'echo', { message: '안녕' })))
    expect(said.map(textOf)).toEqual(['Echo: 안녕', 'Echo: 안녕'])
    expect(podCount()).toBe(2)
    expect(textOf(await world.call(alice, filesystem, 'list_allowed_directories'))).toContain('/work')
    const refused = await world.call(alice, filesystem, 'list_directory', { path: '/etc' })
    expect(refused).toMatchObject({ result: { isError: true } })
    expect(podCount()).toBe(3)
  })

  test('a call that waits for its pod hears why, in its own token', async () => {
    pods.pods.makesPods = false
    const params = { name: 'echo', arguments: { message: 'x' }, _meta: { progressToken: 'mine' } }
    const { sink } = world.start(makeOwner('carol'), everything, { method: 'tools/call', params })
    await waitUntil(() => sink.notifications.length > 1, 'two words of it')
    const messages = sink.notifications.map(
      (one) => (one as { params: { progressToken: string; message: string } }).params,
    )
    expect(messages.map(({ progressToken }) => progressToken)).toEqual(messages.map(() => 'mine'))
    expect(messages.map(({ message }) => message)).toEqual([
      'starting everything',
      'starting everything: waiting for a pod',
    ])
    pods.pods.makesPods = true
    expect(JSON.stringify(await sink.done)).toContain('Echo: x')
  })

  test('a pod that goes: the call in flight ends on it, calls of the meantime are answered by the next pod, none is lost', async () => {
    await world.call(alice, everything, 'echo', { message: 'there' })
    const { id } = replica.sandboxes.list().find(({ userId, server }) => userId === 'alice' && server === 'everything')!
    const slow = world.call(alice, everything, 'trigger-long-running-operation', { duration: 2, steps: 2 })
    const pod = pods.pods.podOf(id)
    await pods.pods.delete(pod)
    const answers: string[] = []
    const isMoved = async (): Promise<boolean> => {
      answers.push(textOf(await world.call(alice, everything, 'echo', { message: String(answers.length) })))
      return pods.pods.podOf(id).uid !== pod.uid
    }
    await waitUntil(isMoved, 'calls go to the next pod')
    expect(answers).toEqual(answers.map((_, index) => `Echo: ${index}`))
    expect(pods.pods.pods.has(pod.uid)).toBe(true)
    expect(textOf(await slow)).toContain('Long running operation completed')
    await waitUntil(() => !pods.pods.pods.has(pod.uid), 'the old pod is gone')
  })

  test('two replicas speak with one child of one person', async () => {
    const second = await pods.startReplica()
    const other = await openUpstreamWorld({ idleMs: 10_000 }, second.sandboxes)
    const ask = (one: UpstreamWorld, message: string) => one.call(bob, everything, 'echo', { message })
    const texts = Array.from({ length: 20 }, (_, index) => String(index))
    const said = await Promise.all(texts.map((text, index) => ask(index % 2 ? world : other, text)))
    expect(said.map(textOf)).toEqual(texts.map((text) => `Echo: ${text}`))
    const pidOf = ({ sandboxes }: Replica) =>
      sandboxes.list().find(({ userId, server }) => userId === 'bob' && server === 'everything')?.pid
    expect(pidOf(second)).toBe(pidOf(replica))
    await other.close()
    expect(textOf(await ask(world, 'still'))).toBe('Echo: still')
  })
})
