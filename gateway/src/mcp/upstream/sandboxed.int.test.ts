// The stdio link over the real process adapter: a real npm server, its start, its end, the child's own requests.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeDataDir, makeHostileServer, startHostileSandboxes } from '../../../../test/kit/hostile-sandboxes.ts'
import type { HostileSandboxes } from '../../../../test/kit/hostile-sandboxes.ts'
import { makeOwner, openUpstreamWorld, type UpstreamWorld } from '../../../../test/kit/upstream-world.ts'

const MEMORY = new URL('../../../../node_modules/@modelcontextprotocol/server-memory/dist/index.js', import.meta.url)
  .pathname
const alice = makeOwner('alice')
const bob = makeOwner('bob')
let box: HostileSandboxes
let world: UpstreamWorld

beforeAll(async () => {
  // separation is proven beside the adapter; here its children must reach the packages of this clone
  box = await startHostileSandboxes(makeDataDir(), { config: { without: ['jail', 'uid'] } })
  box.packageState.current = { state: 'Ready', command: [process.execPath, MEMORY], folder: box.dataDir }
  world = await openUpstreamWorld({ idleMs: 10_000 }, box.sandboxes)
})
afterAll(async () => {
  await world.close()
  await box.close()
})

const memory = makeHostileServer({ env: [{ name: 'MEMORY_FILE_PATH', value: '${WORKDIR}/graph.json' }] }, 'memory')
const textOf = (answer: unknown) => (answer as { result: { content: { text: string }[] } }).result.content[0]!.text

test('each user has a process and a folder of their own', async () => {
  const entities = [{ name: 'Busan', entityType: 'city', observations: ['has a harbour'] }]
  await world.call(alice, memory, 'create_entities', { entities })
  expect(textOf(await world.call(alice, memory, 'read_graph'))).toContain('Busan')
  expect(textOf(await world.call(bob, memory, 'read_graph'))).not.toContain('Busan')
  expect(box.sandboxes.list().filter((one) => one.state === 'Running')).toHaveLength(2)
})

test('GW-13: a stopped sandbox fails nothing that was not running; the next call starts it again', async () => {
  await box.sandboxes.stopWhere((info) => info.userId === 'alice', 'stopped')
  expect(textOf(await world.call(alice, memory, 'read_graph'))).toContain('entities')
})

test('discovery gets a start of its own that is gone afterwards', async () => {
  const signal = new AbortController().signal
  const { tools } = await world.upstreams.ask(null, memory, { method: 'tools/list' }, signal)
  expect(tools).toBeInstanceOf(Array)
  await world.upstreams.closeDiscovery(memory)
  expect(box.sandboxes.list().filter((one) => one.state === 'Running' && one.userId === null)).toEqual([])
})
