// Every pairing of a client's revision with a server's revision and transport, feature by feature, over the wire through a real hub: what the guide
// docs/guides/protocol.md says is what is seen here.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startHub, type TestHub, type TestUser } from '../kit/hub.ts'
import { local, remote } from '../kit/manifests.ts'
import { RawClient, type JsonObject } from '../kit/raw-client.ts'
import { startRegistry, type TestRegistry } from '../kit/registry.ts'
import { until } from '../kit/wait-until.ts'
import { FEATURES, isPending } from '../pairings/features.ts'
import { CAPABILITIES, DOWNSTREAMS, expectedOf, UPSTREAMS, type Cell, type Down, type Up } from '../pairings/matrix.ts'
import {
  buildStdioPackage,
  openModern,
  openSse,
  openStateful,
  STDIO_PACKAGE,
  type HttpUpstream,
} from '../pairings/upstreams.ts'

const SERVER: Readonly<Record<Up, string>> = {
  'modern HTTP': 'modern',
  'stateful HTTP': 'stateful',
  'HTTP+SSE': 'sse',
  stdio: 'stdio',
}
const WAIT_MS = 8_000

let registry: TestRegistry
let hub: TestHub
const users = new Map<Down, TestUser>()
const upstreams: HttpUpstream[] = []
const cells = new Map<string, Promise<Cell>>()
/** a stream on which nothing happens while everything else runs */
let idle: RawClient

beforeAll(async () => {
  upstreams.push(...(await Promise.all([openModern(), openStateful(), openSse()])))
  const [modern, stateful, sse] = upstreams.map(({ url }) => url)
  registry = await startRegistry([await buildStdioPackage()])
  hub = await startHub({
    manifests: {
      'modern.yaml': remote('modern', modern!),
      'stateful.yaml': remote('stateful', stateful!),
      'sse.yaml': remote('sse', sse!, '    transport: Sse\n'),
      'stdio.yaml': local('stdio', STDIO_PACKAGE),
    },
    env: { MCPHUB_NPMRC: registry.npmrc, MCPHUB_SANDBOXES_PER_USER: '20' },
  })
  for (const down of DOWNSTREAMS)
    users.set(down, await hub.addUser(`user-${down.replaceAll(/\W/g, '-').toLowerCase()}`))
  const plain = new RawClient({ url: new URL('/mcp', hub.url), key: users.get('plain POST')!.key, revision: null })
  await until(async () => {
    const { result } = await plain.request('tools/list')
    for (const server of Object.values(SERVER)) expect(JSON.stringify(result)).toContain(`"${server}__rich"`)
  }, 60_000)
  idle = await new RawClient({ url: plain.init.url, key: plain.init.key, revision: '2025-11-25' }).connect()
  await idle.openStream()
}, 120_000)

afterAll(async () => {
  for (const cell of cells.values()) await cell.then(({ client }) => client.close()).catch(() => undefined)
  await hub?.stop()
  for (const upstream of upstreams) await upstream.close()
  await registry?.stop()
})

function openCell(down: Down, up: Up): Promise<Cell> {
  const known = cells.get(`${down} ${up}`)
  if (known !== undefined) return known
  const made = makeCell(down, up)
  cells.set(`${down} ${up}`, made)
  return made
}

async function makeCell(down: Down, up: Up): Promise<Cell> {
  const client = new RawClient({
    url: new URL(`/mcp/${SERVER[up]}`, hub.url),
    key: users.get(down)!.key,
    revision: down === 'plain POST' ? null : down,
    capabilities: CAPABILITIES[down],
  })
  await client.connect()
  if (client.sessionId !== null) await client.openStream()
  const call: Cell['call'] = async (tool: string, args: JsonObject = {}) => {
    const reply = await client.request('tools/call', { name: tool, arguments: args })
    if (reply.result === undefined) throw new Error(`${tool}: ${JSON.stringify(reply.error)}`)
    return reply
  }
  return {
    down,
    up,
    client,
    call,
    ask: async (tool, args) => JSON.parse((await call(tool, args)).result.content[0].text),
    until: (what, check) =>
      until(async () => {
        const found = await check()
        if (found === undefined || found === false) throw new Error(`not within ${WAIT_MS} ms: ${what}`)
        return found
      }, WAIT_MS),
  }
}

describe.each(DOWNSTREAMS)('%s', (down) => {
  // servers beside each other, features one after the other: some change what the next one sees
  describe.each(UPSTREAMS)('in front of %s', { concurrent: true }, (up) => {
    const due = FEATURES.filter((feature) => !isPending(feature, down, up)).map((feature) => ({
      ...feature,
      expected: expectedOf(feature, down, up),
    }))
    test.each(due)('R4-2: $area: $title: $expected', { concurrent: false }, async ({ exchange, expected }) => {
      expect(await exchange(await openCell(down, up))).toBe(expected)
    })
  })
})

test('R4-5: an idle stream is kept alive through proxies that cut what is silent for a minute', async () => {
  await until(() => expect(idle.keepAlives).toBeGreaterThanOrEqual(1), 20_000)
  await idle.close()
})
