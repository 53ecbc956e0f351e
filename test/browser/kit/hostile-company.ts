// A hub where everything that can be called something is called by one of the sixty payloads: servers, tools and what became of them, groups of
// people, personal groups, keys, editors, values people are asked for, providers one logs in by, the texts of faults.
import { startHub, type TestHub, type TestUser } from '../../kit/hub.ts'
import { RawClient } from '../../kit/raw-client.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { listPayloadTools, startPayloadServer } from './payload-server.ts'
import { LONG, PAYLOADS } from './payloads.ts'

export interface HostileCompany {
  readonly hub: TestHub
  readonly people: { readonly member: TestUser; readonly admin: TestUser }
  /** how many payloads were taken, of what people may call as they like */
  readonly taken: Readonly<Record<'keys' | 'groups' | 'editors' | 'providers', number>>
  stop(): Promise<void>
}

const TEXTS = [...PAYLOADS, LONG]
/** what a name may be at most: of resources, and of what people name */
const [OF_RESOURCE, OF_NOTE, OF_LABEL] = [128, 1024, 64]
/** There may be 32 providers. */
const SOME = TEXTS.filter((_, at) => at % 2 === 0)
/** of one server at most */
const VARIABLES = 60
/** The server whose tools are not what they were. */
const CHANGED = 2

const manifest = (kind: string, name: string, text: string, spec: object): readonly [string, string] => [
  `${name}.yaml`,
  JSON.stringify({
    apiVersion: 'mcphub.io/v1alpha1',
    kind,
    metadata: { name },
    spec: { displayName: text.slice(0, OF_RESOURCE), description: text.slice(0, OF_NOTE), ...spec },
  }),
]

export async function startHostileCompany(): Promise<HostileCompany> {
  const upstream = await startPayloadServer()
  const server = { type: 'Remote', remote: { url: upstream.url }, access: 'Everyone', discovery: 'Shared' }
  const group = (at: number) => ({ members: { users: ['minsu'] }, servers: [`p${at}`] })
  const asks = {
    ...{ type: 'Remote', access: 'Everyone' },
    remote: { url: upstream.url, headers: [{ name: 'X-Value', value: '${USER_P0}' }] },
    userVariables: PAYLOADS.slice(0, VARIABLES).map((text, at) => ({
      ...{ name: `USER_P${at}`, label: text.slice(0, OF_RESOURCE), help: text },
    })),
  }
  const hub = await startHub({
    manifests: Object.fromEntries([
      ...TEXTS.flatMap((text, at) => [
        manifest('McpServer', `p${at}`, text, server),
        manifest('UserGroup', `g${at}`, text, group(at)),
      ]),
      manifest('McpServer', 'asks', 'Asks', asks),
    ]),
  })
  const [member, admin] = [await hub.addUser('minsu'), await hub.addUser('jisoo')]
  await hub.request('PUT', `/api/admin/users/${admin.id}/role`, { role: 'admin' })
  await waitUntil(() => isKnown(hub, member), 'the tools are known', 60_000)
  const taken = {
    keys: await countTaken((text) => hub.request('POST', '/api/keys', { name: text.slice(0, OF_LABEL) }, member.key)),
    groups: await countTaken((text) =>
      hub.request(
        ...(['POST', '/api/user/groups'] as const),
        {
          name: text.replaceAll(/[/\\?#%]/g, '').slice(0, OF_LABEL),
          description: text.slice(0, OF_NOTE),
          servers: ['p0'],
        },
        member.key,
      ),
    ),
    editors: await countTaken((text) => callFrom(hub, member, text)),
    providers: await countTaken((text, at) => addProvider(hub, `p${at}`, text), SOME),
  }
  // the same server at another time is asked anew
  upstream.offer(listPayloadTools(' and more'))
  hub.writeManifest(...manifest('McpServer', `p${CHANGED}`, TEXTS[CHANGED]!, { ...server, callTimeoutSeconds: 77 }))
  await waitUntil(() => isChanged(hub), 'the changed tools are seen', 60_000)
  return {
    ...{ hub, taken, people: { member, admin } },
    async stop() {
      await hub.stop()
      await upstream.stop()
    },
  }
}

async function isKnown(hub: TestHub, { key }: TestUser): Promise<boolean> {
  const { items } = await hub.request<{ items: { name: string; toolCount: number | null }[] }>(
    ...(['GET', '/api/servers', undefined, key] as const),
  )
  return items.every(({ name, toolCount }) => name === 'asks' || toolCount !== null)
}

async function isChanged(hub: TestHub): Promise<boolean> {
  const { items } = await hub.request<{ items: unknown[] }>('GET', '/api/admin/tool-changes')
  return items.length > 0
}

/** Nobody answers there. */
const addProvider = (hub: TestHub, id: string, text: string): Promise<unknown> =>
  hub.request('PUT', `/api/admin/providers/${id}`, {
    config: {
      ...{ kind: 'oidc', label: text.slice(0, OF_LABEL), clientId: 'hub', issuer: 'http://127.0.0.1:9' },
      allow: { everyone: true },
    },
    ...{ version: null, clientSecret: 'not-a-secret' },
  })

/** Some texts are no names to the hub (characters that cannot be seen, two groups of one name): it says 400 or 409. */
async function countTaken(
  take: (text: string, at: number) => Promise<unknown>,
  texts: readonly string[] = TEXTS,
): Promise<number> {
  let count = 0
  for (const [at, text] of texts.entries()) {
    try {
      await take(text, at)
      count++
    } catch (thrown) {
      if (!/: (400|409) /.test(String(thrown))) throw thrown
    }
  }
  return count
}

/** An editor of that name, with a session that stays, and two calls of which one fails in a payload's words. */
async function callFrom(hub: TestHub, { key }: TestUser, name: string): Promise<void> {
  const editor = await new RawClient({
    ...{ url: new URL(`${hub.url}/mcp`), key, revision: '2025-11-25' },
    clientInfo: { name: name.slice(0, OF_RESOURCE), version: name.slice(0, OF_LABEL) },
  }).connect()
  const at = TEXTS.indexOf(name)
  for (const tool of [at - (at % 2), at - (at % 2) + 1]) {
    await editor.request('tools/call', { name: `p${at}__tool-${tool}`, arguments: {} })
  }
}
