// Two replicas on one database: what one has learned of a server, the other knows without starting it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HUB, openPgWorld, type PgWorld } from '../../../../test/kit/worlds.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import type { Principal } from '../../auth/principal.ts'
import { Discoveries } from '../../mcp/discovery/discoveries.ts'
import type { DiscoveryStore } from '../../mcp/discovery/discovery-store.ts'
import type { ChangeSource } from '../../db/unit.ts'
import { FakeCatalog, FakeVariables, makeServer } from '../../mcp/downstream/fake-world.ts'
import { FakeUpstreams } from '../../mcp/downstream/fake-upstreams.ts'

const VARIABLE = { name: 'USER_TOKEN', required: true, secret: true, format: 'Line' } as const
const server = makeServer('notes', { userVariables: [VARIABLE] })

let world: PgWorld
beforeAll(async () => void (world = await openPgWorld()))
afterAll(() => world.close())

/** One replica; `upstreams` tells what it started. */
async function openReplica({ discoveries: store, changes }: { discoveries: DiscoveryStore; changes: ChangeSource }) {
  const [catalog, variables, upstreams] = [new FakeCatalog(), new FakeVariables(), new FakeUpstreams()]
  upstreams.servers.set('notes', { tools: [{ name: 'read' }] })
  catalog.put(server)
  const log = { info: () => undefined, warn: () => undefined }
  const discoveries = new Discoveries({ catalog, upstreams, variables, store, changes, isLive: () => true, log })
  await discoveries.start()
  return { catalog, variables, upstreams, discoveries }
}

const toolsOf = ({ discoveries }: Awaited<ReturnType<typeof openReplica>>, userId: string): unknown[] =>
  (discoveries.find(userId, server)?.tools ?? []).map(({ name }) => name)

test('a replica that a person comes to later starts nothing, and hears what the other learns anew', async () => {
  const [one, two] = [await openReplica(world), await openReplica(await world.replica())]
  const { id } = await world.users.create(HUB, { username: 'alice' })
  const alice = {
    userId: id,
    username: 'alice',
    role: 'member',
    via: 'key',
    keyId: 'k',
    scope: { servers: null },
    claims: [],
    loginUntil: null,
  }
  for (const { variables } of [one, two]) variables.set(id, 'USER_TOKEN', 'x')
  await one.discoveries.prepare(alice as unknown as Principal, [server], 5000)
  expect(toolsOf(one, id)).toEqual(['read'])
  await waitUntil(() => toolsOf(two, id).length > 0, 'the other knows it')
  const three = await openReplica(await world.replica())
  three.variables.set(id, 'USER_TOKEN', 'x')
  await three.discoveries.prepare(alice as unknown as Principal, [server], 5000)
  expect(toolsOf(three, id)).toEqual(['read'])
  one.upstreams.servers.set('notes', { tools: [{ name: 'read' }, { name: 'write' }] })
  one.upstreams.emit({ server: 'notes', userId: id, method: 'notifications/tools/list_changed' })
  await waitUntil(() => [two, three].every((each) => toolsOf(each, id).length === 2), 'both heard of it')
  expect([two, three].map(({ upstreams }) => upstreams.described)).toEqual([[], []])
  for (const { discoveries } of [one, two, three]) discoveries.stop()
})

test('what a changed value may have changed is asked again, whatever another replica knows', async () => {
  const [one, two] = [await openReplica(world), await openReplica(await world.replica())]
  const { id } = await world.users.create(HUB, { username: 'bob' })
  const bob = {
    userId: id,
    username: 'bob',
    role: 'member',
    via: 'key',
    keyId: 'k',
    scope: { servers: null },
    claims: [],
    loginUntil: null,
  }
  for (const { variables } of [one, two]) variables.set(id, 'USER_TOKEN', 'x')
  await one.discoveries.prepare(bob as unknown as Principal, [server], 5000)
  await two.discoveries.prepare(bob as unknown as Principal, [server], 5000)
  expect(two.upstreams.described).toEqual([])
  two.variables.set(id, 'USER_TOKEN', 'another account')
  await waitUntil(() => two.upstreams.described.length === 1, 'it is asked')
  for (const { discoveries } of [one, two]) discoveries.stop()
})
