// Rows of the pairing matrix: what a server offers (tools, prompts, resources, templates) and what it answers.
import { isDeepStrictEqual } from 'node:util'
import type { Loose } from '../kit/raw-client.ts'
import { LEGACY_UPS, SESSIONS, type Cell, type Feature, type Outcome } from './matrix.ts'
import * as surface from './surface.ts'

const OFFERED = surface.createSurface()

/** The item of a list as the server made it, and as the client got it: are these members of it the same? */
function sameIn(
  [method, list, name]: readonly [string, string, string],
  original: readonly object[],
  members: readonly string[],
): Feature['exchange'] {
  return async ({ client }) => {
    const { result } = await client.request(method)
    const find = (items: readonly Loose[]) => items.find((item) => item.name === name) ?? {}
    const [made, got] = [find(original), find(result[list])]
    return differs(members, made, got)
  }
}

function differs(members: readonly string[], made: Loose, got: Loose): Outcome {
  const lost = members.filter((name) => made[name] === undefined || !isKept(name, made[name], got[name]))
  return lost.length === 0 ? 'passes' : `none: ${lost.join(', ')} differ`
}

/** To a `_meta` more may be added on the way (`serverInfo`). */
function isKept(name: string, made: Loose, got: Loose): boolean {
  if (name !== '_meta') return isDeepStrictEqual(made, got)
  return Object.entries(made).every(([key, value]) => isDeepStrictEqual(value, got?.[key]))
}

const tool = (members: readonly string[]) =>
  sameIn(['tools/list', 'tools', 'rich'], surface.listTools(OFFERED), members)
const prompt = (members: readonly string[]) =>
  sameIn(['prompts/list', 'prompts', 'greet'], surface.listPrompts(OFFERED), members)
const resource = (members: readonly string[]) =>
  sameIn(['resources/list', 'resources', 'counter'], surface.listResources(OFFERED), members)

const result =
  (...members: readonly string[]): Feature['exchange'] =>
  async ({ call }) =>
    differs(members, surface.RICH_RESULT, (await call('rich')).result)

async function refusal({ client }: Cell, method: string, params: Record<string, unknown>): Promise<Outcome> {
  const { error } = await client.request(method, params)
  return error === undefined ? 'passes' : `client: ${error.code}`
}

async function read({ client }: Cell, uri: string): Promise<Loose> {
  const { result: found, error } = await client.request('resources/read', { uri })
  if (found === undefined) throw new Error(`${uri}: ${error?.message}`)
  return found.contents[0]
}

const TOOLS: readonly Feature[] = [
  ['title, description', ['title', 'description']],
  ['input schema', ['inputSchema']],
  ['output schema', ['outputSchema']],
  ['annotations', ['annotations']],
  ['icons', ['icons']],
  ['`_meta`', ['_meta']],
  ['fields no revision knows', ['x-unknown']],
].map(([title, members]) => ({ area: 'Tools', title: title as string, exchange: tool(members as string[]) }))

const CALLS: readonly Feature[] = [
  { area: 'Calls', title: 'text, image, audio, links and embedded resources', exchange: result('content') },
  { area: 'Calls', title: 'structured content', exchange: result('structuredContent') },
  { area: 'Calls', title: "a result's `_meta` and unknown fields", exchange: result('x-unknown', '_meta') },
  {
    area: 'Calls',
    title: "a request's arguments and `_meta`",
    async exchange({ client }) {
      const _meta = { 'probe.example/ask': { deep: ['é', 1] } }
      const { result: answer } = await client.request('tools/call', {
        name: 'whoami',
        arguments: { city: '서울', more: [1, { x: null }] },
        _meta,
      })
      const seen = JSON.parse(answer.content[0].text) as Loose
      const isWhole = isDeepStrictEqual(seen.arguments, { city: '서울', more: [1, { x: null }] })
      return isWhole && isDeepStrictEqual(seen.meta['probe.example/ask'], _meta['probe.example/ask'])
        ? 'passes'
        : 'none: they differ'
    },
  },
  {
    area: 'Calls',
    title: 'who the client is (`clientInfo`)',
    note: 'A plain POST says nothing of itself: the server sees `mcphub`.',
    rules: [{ down: ['plain POST'], is: 'passes as mcphub' }],
    async exchange({ ask }) {
      const { name } = (await ask('whoami')).client
      return name === 'raw-client' ? 'passes' : `passes as ${String(name)}`
    },
  },
  {
    area: 'Calls',
    title: 'a tool that failed (`isError`)',
    async exchange({ call }) {
      const { result: failed } = await call('failure')
      return failed.isError === true && failed.content[0].text === 'it did not work' ? 'passes' : 'none: it differs'
    },
  },
  {
    area: 'Calls',
    title: 'a JSON-RPC error with its code and data',
    async exchange({ client }) {
      const { error, status } = await client.request('tools/call', { name: 'fault', arguments: {} })
      const isSame = error?.code === 4711 && isDeepStrictEqual(error.data, { why: ['probe'] }) && status === 200
      return isSame ? 'passes' : `client: ${error?.code} in a ${status}`
    },
  },
  {
    area: 'Calls',
    title: 'an argument that is repeated in a header (`x-mcp-header`)',
    note: 'New in 2026-07-28: its clients send the header, for older ones the hub makes it. Older servers get the argument alone.',
    rules: [{ up: LEGACY_UPS, is: 'passes as the argument alone' }],
    async exchange({ client, down }) {
      const params = { name: 'mirror', arguments: { region: 'eu-1' } }
      const headers = down === '2026-07-28' ? { 'mcp-param-region': 'eu-1' } : {}
      const { result: answer } = await client.request('tools/call', params, { headers })
      const { region, header } = JSON.parse(answer.content[0].text) as Loose
      if (region !== 'eu-1') return 'none: the argument is lost'
      return header === 'eu-1' ? 'passes' : 'passes as the argument alone'
    },
  },
  {
    area: 'Calls',
    title: 'a tool that is not there',
    rules: [{ is: 'client: -32602' }],
    exchange: (cell) => refusal(cell, 'tools/call', { name: 'no-such-tool', arguments: {} }),
  },
]

const RESOURCES: readonly Feature[] = [
  {
    area: 'Resources',
    title: 'list: every field, `_meta`, icons, unknown ones',
    exchange: resource(['title', 'size', 'mimeType', 'annotations', 'icons', '_meta', 'x-unknown', 'uri']),
  },
  {
    area: 'Resources',
    title: 'templates',
    async exchange({ client }) {
      const { result: answer } = await client.request('resources/templates/list')
      return isDeepStrictEqual(answer.resourceTemplates, surface.listTemplates()) ? 'passes' : 'none: they differ'
    },
  },
  {
    area: 'Resources',
    title: 'read: text and bytes',
    async exchange(cell) {
      const [text, blob] = [await read(cell, 'probe://counter'), await read(cell, 'probe://blob')]
      return /^\d+$/.test(text.text) && blob.blob === 'AAEC/w==' ? 'passes' : 'none: they differ'
    },
  },
  {
    area: 'Resources',
    title: 'read: out of a template',
    exchange: async (cell) => ((await read(cell, 'probe://items/7')).text === 'item 7' ? 'passes' : 'none: it differs'),
  },
  {
    area: 'Resources',
    title: 'read: one that is not there',
    note: 'Before 2026-07-28 the code is -32002, since then -32602; a modern server says -32602 to everybody.',
    rules: [{ is: 'client: -32602' }, { down: [...SESSIONS, 'plain POST'], up: LEGACY_UPS, is: 'client: -32002' }],
    exchange: (cell) => refusal(cell, 'resources/read', { uri: 'probe://no-such-thing' }),
  },
]

const PROMPTS: readonly Feature[] = [
  {
    area: 'Prompts',
    title: 'list: arguments, `_meta`, icons, unknown fields',
    exchange: prompt(['title', 'description', 'arguments', 'icons', '_meta', 'x-unknown']),
  },
  {
    area: 'Prompts',
    title: 'get with arguments',
    async exchange({ client }) {
      const { result: answer } = await client.request('prompts/get', { name: 'greet', arguments: { name: 'Ada' } })
      return differs(['messages', 'description', '_meta'], surface.getPrompt('Ada'), answer)
    },
  },
]

const REFS = [
  ['of a prompt argument', { type: 'ref/prompt', name: 'greet' }],
  ['of a template argument', { type: 'ref/resource', uri: 'probe://items/{id}' }],
] as const
const COMPLETION: readonly Feature[] = REFS.map(([title, ref]) => ({
  area: 'Completion',
  title,
  async exchange({ client }) {
    const argument = { name: ref.type === 'ref/prompt' ? 'name' : 'id', value: 'A' }
    const { result: answer } = await client.request('completion/complete', { ref, argument })
    return isDeepStrictEqual(answer.completion, surface.complete('A').completion) ? 'passes' : 'none: it differs'
  },
}))

export const OFFERS: readonly Feature[] = [...TOOLS, ...CALLS, ...RESOURCES, ...PROMPTS, ...COMPLETION]
