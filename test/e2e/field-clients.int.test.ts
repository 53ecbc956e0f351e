// Clients of the field as they are, from their registries, at a real hub: the TypeScript SDK since streams were new, mcp-remote, the newest
// Inspector, the Python SDK.
import path from 'node:path'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FIELD_CLIENTS } from '../field/clients.ts'
import { CITY, PERSON, type Wishes } from '../field/visit.ts'
import { pickInherited, startHub, type TestHub, type TestUser } from '../kit/hub.ts'
import { remote } from '../kit/manifests.ts'
import { RawClient } from '../kit/raw-client.ts'
import { until } from '../kit/wait-until.ts'
import { findFreePort, launch, makeFolder } from '../launcher/harness.ts'
import { openModern, openStateful, type HttpUpstream } from '../pairings/upstreams.ts'

const upstreams: HttpUpstream[] = []
const manifests: Record<string, string> = {}
let hub: TestHub
let user: TestUser

/** Two servers with the same names and URIs, so that both are mapped. */
const wishesFor = (server: 'modern' | 'stateful'): Wishes => ({
  tool: `${server}__whoami`,
  prompt: `${server}__greet`,
  asking: `${server}__elicit`,
  resource: 'counter',
})

const waitForTools = (url: URL, key: string) =>
  until(async () => {
    const { result } = await new RawClient({ url, key, revision: null }).request('tools/list')
    for (const server of ['modern', 'stateful']) expect(JSON.stringify(result)).toContain(`"${server}__whoami"`)
  }, 20_000)

beforeAll(async () => {
  upstreams.push(...(await Promise.all([openModern(), openStateful()])))
  manifests['modern.yaml'] = remote('modern', upstreams[0]!.url)
  manifests['stateful.yaml'] = remote('stateful', upstreams[1]!.url)
  hub = await startHub({ manifests })
  user = await hub.addUser('visitor')
  // a client of several modes is fetched once
  const prepared = new Map(FIELD_CLIENTS.map(({ name, prepare }) => [name.split(',')[0], prepare]))
  await Promise.all([...prepared.values()].map(async (prepare) => prepare?.()))
  await waitForTools(new URL('/mcp', hub.url), user.key)
}, 150_000)

afterAll(async () => {
  await hub?.stop()
  for (const upstream of upstreams) await upstream.close()
})

/** older than elicitation, a shell, or a proxy whose own client has no person */
const CANNOT_BE_ASKED = /1\.10|Inspector|mcp-remote/

const CASES = FIELD_CLIENTS.flatMap((client) =>
  (['modern', 'stateful'] as const).map((server) => ({ ...client, server, client })),
)

test.each(CASES)(
  'R4-1: $name, in front of a $server server',
  async ({ client, name, server }) => {
    const seen = await client.visit(hub.endpoint(user.key), wishesFor(server))
    expect(seen.tools).toEqual(expect.arrayContaining(['modern__rich', 'stateful__rich', `${server}__whoami`]))
    expect(seen.seen.arguments).toEqual(CITY)
    expect(seen.seen.client.name).not.toBe('mcphub')
    expect(seen.read).toMatch(/^\d+$/)
    expect(seen.prompt).toBe('Hello, Ada!')
    expect(seen.answer).toEqual(CANNOT_BE_ASKED.test(name) ? null : expect.objectContaining(PERSON))
  },
  150_000,
)

test('R4-1b: the Inspector and the Python SDK at the hub that one command starts, with the key it prints', async () => {
  const catalog = makeFolder(0o755)
  for (const [name, text] of Object.entries(manifests)) writeFileSync(path.join(catalog, name), text)
  const started = launch({
    dataDir: makeFolder(),
    port: await findFreePort(),
    env: { ...pickInherited(), MCPHUB_CATALOG_DIR: catalog },
  })
  await started.waitUntilReady()
  const url = new URL(/http:\/\/localhost:\d+\/mcp\?key=mcphub_[0-9a-f]{64}/.exec(started.output())?.[0] ?? '')
  await waitForTools(new URL('/mcp', url), url.searchParams.get('key')!)
  const newest = FIELD_CLIENTS.filter(({ name }) => /Inspector|Python.*auto/.test(name))
  expect(newest).toHaveLength(2)
  for (const client of newest) {
    expect(await client.visit(url, wishesFor('modern'))).toMatchObject({
      prompt: 'Hello, Ada!',
      seen: { arguments: CITY },
    })
  }
}, 150_000)
