// Discoveries on both stores: exact content, one per server and owner, gone with their user.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HUB, WORLDS, type World } from '../../../../test/kit/worlds.ts'
import type { Discovery } from '../../mcp/discovery/discovery-store.ts'

const makeDiscovery = (change: Partial<Discovery> = {}): Discovery => ({
  server: 'memory',
  configHash: 'hash',
  userId: null,
  revision: '2025-11-25',
  capabilities: { tools: { listChanged: true } },
  serverInfo: { name: 'memory', version: '1' },
  instructions: null,
  tools: [{ name: 'b', inputSchema: { type: 'object' } }, { name: 'a' }],
  resources: [],
  resourceTemplates: [],
  prompts: [],
  discoveredAt: new Date(),
  ...change,
})

describe.each(WORLDS)('discoveries $name', ({ open }) => {
  let world: World
  beforeAll(async () => void (world = await open()))
  afterAll(() => world.close())

  const load = async (server: string): Promise<Discovery[]> =>
    (await world.discoveries.load()).filter((discovery) => discovery.server === server)

  test('DAT-5: what a server said comes back exactly: NUL, lone surrogates, prototype names, 1 MB, order of members', async () => {
    const hostile = JSON.parse(
      '{"__proto__":{"x":1},"z":"\\u0000 \\ud800 한글 😀","a":"\'; DROP TABLE users; --"}',
    ) as Record<string, unknown>
    const discovery = makeDiscovery({
      server: 'hostile',
      tools: [{ name: 'big', description: 'x'.repeat(1_000_000) }, hostile],
      instructions: 'a\0b',
    })
    await world.discoveries.save(discovery)
    const [loaded] = await load('hostile')
    expect(JSON.stringify(loaded)).toBe(JSON.stringify({ ...loaded, tools: discovery.tools, instructions: 'a\0b' }))
    expect(Object.keys(loaded!.tools[1]!)).toEqual(['__proto__', 'z', 'a'])
  })

  test('one shared and one of each user; saved again it replaces; an older one does not', async () => {
    const { id } = await world.users.create(HUB, { username: 'alice' })
    const at = Date.now()
    for (const userId of [null, id, null, id])
      await world.discoveries.save(makeDiscovery({ server: 'twice', userId, discoveredAt: new Date(at) }))
    await world.discoveries.save(makeDiscovery({ server: 'twice', configHash: 'new', discoveredAt: new Date(at + 1) }))
    await world.discoveries.save(makeDiscovery({ server: 'twice', configHash: 'old', discoveredAt: new Date(at - 1) }))
    const rows = await load('twice')
    expect(new Map(rows.map((row) => [row.userId, row.configHash]))).toEqual(
      new Map([
        [null, 'new'],
        [id, 'hash'],
      ]),
    )
    expect(rows).toHaveLength(2)
    await world.discoveries.forget('twice', null)
    expect((await load('twice')).map((row) => row.userId)).toEqual([id])
  })

  test('nothing is kept of a user who is gone', async () => {
    const { id } = await world.users.create(HUB, { username: 'bob' })
    await world.users.erase(HUB, id)
    await world.discoveries.save(makeDiscovery({ server: 'ghost', userId: id }))
    expect(await load('ghost')).toEqual([])
  })
})
