// Rows of the pairing matrix: what happens while a call runs, and what is told unasked.
import { isDeepStrictEqual } from 'node:util'
import type { JsonObject, RpcMessage } from '../kit/raw-client.ts'
import { LEGACY_UPS, SESSIONS, type Cell, type Feature, type Outcome } from './matrix.ts'

const NO_MEMBER = 'client: -32601'

const CALLS: readonly Feature[] = [
  {
    area: 'While a call runs',
    title: 'progress, in order and with the token of the client',
    async exchange({ client }) {
      const { result, messages } = await client.request('tools/call', {
        name: 'progress',
        arguments: { steps: 5 },
        _meta: { progressToken: 'token-of-mine' },
      })
      const seen = messages.map(
        ({ params }) => `${params.progressToken} ${params.progress}/${params.total} ${params.message}`,
      )
      const isWhole = seen.join() === [1, 2, 3, 4, 5].map((n) => `token-of-mine ${n}/5 step ${n}`).join()
      return isWhole && result.content[0].text === 'done' ? 'passes' : `none: ${seen.join()}`
    },
  },
  {
    area: 'While a call runs',
    title: 'cancellation reaches the server',
    note: 'With a session by `notifications/cancelled`, in 2026-07-28 by closing the answer. A plain POST cannot name what it means: its call runs to its end.',
    rules: [{ down: ['plain POST'], is: 'none: no way to name the call' }],
    async exchange(cell) {
      const { client, down } = cell
      const before = Number(await cell.ask('aborted'))
      const controller = new AbortController()
      const id = `cancel-${before}`
      const params = { name: 'hang', arguments: {}, _meta: { progressToken: id } }
      if (down === 'plain POST') return cancelPlain(cell, before)
      const started = Promise.withResolvers<void>()
      const options = { id, signal: controller.signal, onMessage: () => started.resolve() }
      const call = client.request('tools/call', params, options).catch(() => null)
      await started.promise
      if (down === '2026-07-28') controller.abort()
      else await client.notify('notifications/cancelled', { requestId: id, reason: 'enough' })
      await cell.until('the server saw the end', async () => Number(await cell.ask('aborted')) === before + 1)
      await call
      return 'passes'
    },
  },
  {
    area: 'While a call runs',
    title: 'log messages of the call',
    note: 'Sessions and plain POSTs get them unless they set a level; a 2026-07-28 client names the level in each request.',
    async exchange(cell) {
      const levels = await readLevels(cell, 'info')
      return levels.includes('warning') ? 'passes' : `none: only ${levels.join()}`
    },
  },
  {
    area: 'While a call runs',
    title: 'log messages nobody asked for stay away',
    note: 'Below the level of the session, or in 2026-07-28 of the request; without one there are none at all. Also where the server sends them all the same.',
    rules: [{ down: ['plain POST'], is: 'none: no level can be set' }],
    async exchange(cell) {
      const { client, down } = cell
      if (down === '2026-07-28') {
        const [silent, loud] = [await readLevels(cell, null), await readLevels(cell, 'debug')]
        return silent.length === 0 && loud.join() === 'debug,warning'
          ? 'passes'
          : `none: ${silent.join()}; ${loud.join()}`
      }
      await client.request('logging/setLevel', { level: 'warning' })
      const levels = await readLevels(cell, 'warning')
      await client.request('logging/setLevel', { level: 'debug' })
      if (down === 'plain POST') return 'none: no level can be set'
      return levels.join() === 'warning' ? 'passes' : `none: ${levels.join()}`
    },
  },
  {
    area: 'While a call runs',
    title: 'ping',
    rules: [{ down: ['2026-07-28'], is: NO_MEMBER }],
    async exchange({ client }) {
      const { error } = await client.request('ping')
      return error === undefined ? 'passes' : `client: ${error.code}`
    },
  },
]

/** The levels of what a call logs, to a client that asked for this level in the way of its revision, or for none. */
async function readLevels({ client, down }: Cell, level: string | null): Promise<string[]> {
  const isNamed = down === '2026-07-28' && level !== null
  const _meta = isNamed ? { _meta: { 'io.modelcontextprotocol/logLevel': level } } : {}
  const { messages } = await client.request('tools/call', { name: 'log', arguments: {}, ..._meta })
  return messages.filter(({ method }) => method === 'notifications/message').map(({ params }) => params.level)
}

async function cancelPlain({ client, ask }: Cell, before: number): Promise<Outcome> {
  const { result } = await client.request('tools/call', { name: 'whoami', arguments: {} })
  await client.notify('notifications/cancelled', { requestId: 1 })
  return result !== undefined && Number(await ask('aborted')) === before ? 'none: no way to name the call' : 'passes'
}

/** Does what makes the server tell something, and waits for it where this client listens. */
async function hear(cell: Cell, method: string, cause: () => Promise<unknown>): Promise<RpcMessage | null> {
  if (cell.down === 'plain POST') {
    await cause()
    return null
  }
  const { heard, stop } = await listen(cell)
  try {
    const seen = heard.length
    await cause()
    return await cell.until(method, () => heard.slice(seen).find((message) => message.method === method))
  } finally {
    await stop()
  }
}

const WANTED: JsonObject = {
  toolsListChanged: true,
  promptsListChanged: true,
  resourcesListChanged: true,
  resourceSubscriptions: ['probe://counter'],
}

/** A session has its GET stream; 2026-07-28 a request that stays open. */
async function listen({ client, down, until }: Cell): Promise<{ heard: RpcMessage[]; stop: () => Promise<unknown> }> {
  if (down !== '2026-07-28') return { heard: client.events, stop: async () => undefined }
  const heard: RpcMessage[] = []
  const controller = new AbortController()
  const open = client
    .request(
      'subscriptions/listen',
      { notifications: WANTED },
      { onMessage: (message) => heard.push(message), signal: controller.signal },
    )
    .catch(() => null)
  await until('the acknowledgement', () => heard[0]?.method === 'notifications/subscriptions/acknowledged')
  return { heard, stop: () => (controller.abort(), open) }
}

const LISTS = [
  ['tools', 'tools/list'],
  ['prompts', 'prompts/list'],
  ['resources', 'resources/list'],
] as const

const CHANGES: readonly Feature[] = LISTS.map(([list, method]) => ({
  area: 'Told unasked',
  title: `the list of ${list} changed`,
  note: 'A plain POST has no stream: its next list shows the change.',
  rules: [{ down: ['plain POST'], is: 'passes as the next list' }],
  async exchange(cell) {
    const has = async () => {
      const { result } = await cell.client.request(method)
      return (result[list] as { name: string }[]).some(({ name }) => name === 'extra')
    }
    const told = await hear(cell, `notifications/${list}/list_changed`, () => cell.call('change', { list }))
    await cell.until('the list has it', has)
    // as it was: other people's lists are of before
    await cell.call('change', { list })
    return told === null ? 'passes as the next list' : 'passes'
  },
}))

const SUBSCRIPTIONS: readonly Feature[] = [
  {
    area: 'Told unasked',
    title: 'a resource was updated',
    note: 'With a session after `resources/subscribe`, in 2026-07-28 where `subscriptions/listen` names it.',
    rules: [{ down: ['plain POST'], is: 'client: -32600' }],
    async exchange(cell) {
      const { client, down } = cell
      const uri = 'probe://counter'
      if (down !== '2026-07-28') {
        const { error } = await client.request('resources/subscribe', { uri })
        if (error !== undefined) return `client: ${error.code}`
      }
      const told = await hear(cell, 'notifications/resources/updated', () => cell.call('touch'))
      if (down !== '2026-07-28') await client.request('resources/unsubscribe', { uri })
      return told?.params.uri === uri ? 'passes' : 'none: another URI'
    },
  },
  {
    area: 'Told unasked',
    title: '`resources/subscribe`, `unsubscribe`',
    rules: [
      { down: ['plain POST'], is: 'client: -32600' },
      { down: ['2026-07-28'], is: NO_MEMBER },
    ],
    async exchange({ client }) {
      const first = await client.request('resources/subscribe', { uri: 'probe://blob' })
      if (first.error !== undefined) return `client: ${first.error.code}`
      const second = await client.request('resources/unsubscribe', { uri: 'probe://blob' })
      return second.error === undefined ? 'passes' : `client: ${second.error.code}`
    },
  },
  {
    area: 'Told unasked',
    title: '`logging/setLevel`',
    note: 'Kept for the session, and passed on to a server that has such a method.',
    rules: [{ down: ['2026-07-28'], is: NO_MEMBER }],
    async exchange({ client }) {
      const { error } = await client.request('logging/setLevel', { level: 'debug' })
      if (error !== undefined) return `client: ${error.code}`
      const wrong = await client.request('logging/setLevel', { level: 'loud' })
      return wrong.error?.code === -32_602 ? 'passes' : 'none: any level is taken'
    },
  },
]

const LISTEN: readonly Feature[] = [
  {
    area: 'Told unasked',
    title: '`subscriptions/listen`, acknowledged with what is honoured',
    note: 'Of older servers too: the hub subscribes and watches their lists in its own way.',
    rules: [{ down: [...SESSIONS, 'plain POST'], is: NO_MEMBER }],
    async exchange(cell) {
      if (cell.down !== '2026-07-28') {
        const { error } = await cell.client.request('subscriptions/listen', { notifications: WANTED })
        return error === undefined ? 'passes' : `client: ${error.code}`
      }
      const { heard, stop } = await listen(cell)
      await stop()
      const { notifications, _meta } = heard[0]!.params
      const isNamed = _meta['io.modelcontextprotocol/subscriptionId'] !== undefined
      return isNamed && isDeepStrictEqual(notifications, WANTED) ? 'passes' : `none: ${JSON.stringify(notifications)}`
    },
  },
]

const CACHE: readonly Feature[] = [
  {
    area: 'Cache hints',
    title: 'lists say how long they hold, and for whom',
    note: 'Always `private`: what one person is shown says nothing of another. Before 2026-07-28 results have no such members.',
    rules: [{ down: [...SESSIONS, 'plain POST'], is: 'none: not in that revision' }],
    async exchange({ client }) {
      const { result } = await client.request('tools/list')
      const { ttlMs, cacheScope, resultType } = result
      if (ttlMs === undefined && cacheScope === undefined && resultType === undefined)
        return 'none: not in that revision'
      return ttlMs >= 0 && cacheScope === 'private' && resultType === 'complete' ? 'passes' : 'none: they are wrong'
    },
  },
  {
    area: 'Cache hints',
    title: 'a resource says how long it holds',
    note: "The server's own time; an older server gives none, so 0.",
    rules: [
      { down: [...SESSIONS, 'plain POST'], is: 'none: not in that revision' },
      { down: ['2026-07-28'], up: LEGACY_UPS, is: 'passes as ttlMs 0' },
    ],
    async exchange({ client }) {
      const { result } = await client.request('resources/read', { uri: 'probe://counter' })
      if (result.ttlMs === undefined && result.cacheScope === undefined) return 'none: not in that revision'
      if (result.cacheScope !== 'private') return 'none: it is not private'
      return result.ttlMs === 1_000 ? 'passes' : `passes as ttlMs ${result.ttlMs}`
    },
  },
]

export const TALKS: readonly Feature[] = [...CALLS, ...CHANGES, ...SUBSCRIPTIONS, ...LISTEN, ...CACHE]
