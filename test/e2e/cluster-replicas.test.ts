// Two whole gateways as a cluster runs them, started at once on an empty database: sessions, cancels, answers, parked calls, groups and limits
// are those of one hub.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startClusterHub, type ClusterHub } from '../kit/cluster-hub.ts'
import { openDatabaseCut, type DatabaseCut } from '../kit/database-cut.ts'
import type { TestHub, TestUser } from '../kit/hub.ts'
import { until } from '../kit/wait-until.ts'

/** `hang` never answers, `ask` asks its client's name, `hello` answers. */
class Asking {
  readonly canceled: unknown[] = []
  readonly calls: string[] = []
  readonly #waiting = new Map<unknown, (answer: object) => void>()
  readonly #server = createServer((req, res) => void this.#serve(req, res))
  #asked = 0

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.method !== 'POST') return void res.writeHead(405).end()
    const message = JSON.parse(await text(req)) as { id?: unknown; method?: string; params?: Record<string, unknown> }
    const { id, method, params, ...rest } = message
    if (method === undefined) {
      this.#waiting.get(id)?.(rest)
      return void res.writeHead(202).end()
    }
    if (method === 'notifications/cancelled') this.canceled.push(params?.['requestId'])
    if (id === undefined) return void res.writeHead(202).end()
    if (method === 'server/discover') return void res.writeHead(400).end()
    res.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': 'one' })
    const say = (out: object): void => void res.write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...out })}\n\n`)
    const result = (value: object): void => {
      say({ id, result: value })
      res.end()
    }
    if (method === 'initialize') {
      const serverInfo = { name: 'asking', version: '1' }
      return result({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo })
    }
    const tools = ['hang', 'ask', 'hello'].map((name) => ({ name, inputSchema: { type: 'object' } }))
    if (method === 'tools/list') return result({ tools })
    if (method !== 'tools/call') return result({})
    const name = String(params?.['name'])
    this.calls.push(name)
    if (name === 'hello') return result({ content: [{ type: 'text', text: 'hello' }] })
    if (name === 'hang') return res.flushHeaders()
    const questionId = `q${++this.#asked}`
    this.#waiting.set(questionId, (answer) => result({ content: [{ type: 'text', text: JSON.stringify(answer) }] }))
    say({
      id: questionId,
      method: 'elicitation/create',
      params: { message: 'who?', requestedSchema: { type: 'object' } },
    })
  }
}

/** by which the machines of both gateways are behind the API server's */
const CLOCK_AHEAD_MS = 600_000

const upstream = new Asking()
let cut: DatabaseCut
let cluster: ClusterHub
let a: TestHub
let b: TestHub
let alice: TestUser

beforeAll(async () => {
  const url = await upstream.start()
  cluster = await startClusterHub({
    clockAheadMs: CLOCK_AHEAD_MS,
    async wrapDatabase(real) {
      cut = await openDatabaseCut(real)
      return cut.url
    },
  })
  ;[a, b] = cluster.gateways
  await cluster.addServer('asking', { type: 'Remote', remote: { url } })
  await give('alice')
  alice = await a.addUser('alice')
  for (const hub of [a, b]) await until(async () => expect((await callTool(hub, 'hello')).status).toBe(200), 30_000)
}, 120_000)
afterAll(async () => {
  await cluster?.stop()
  await cut?.close()
  await upstream.stop()
})

const give = (...users: string[]) =>
  cluster.putGroup('team', { servers: ['asking'], members: { users }, limits: { callsPerMinute: 1000 } })

const SAMPLE = {
  protocolVersion: '2025-11-25',
  capabilities: { elicitation: {} },
  clientInfo: { name: 't', version: '1' },
}
const META = 'io.modelcontextprotocol/'

function send(hub: TestHub, message: object, headers: object = {}): Promise<Response> {
  return fetch(hub.endpoint(alice.key, '/mcp/asking'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  })
}
const call = (id: number, name: string, more: object = {}) => ({
  id,
  method: 'tools/call',
  params: { name, arguments: {}, ...more },
})
const callTool = (hub: TestHub, name: string, headers: object = {}) => send(hub, call(1, name), headers)
async function openSession(hub: TestHub): Promise<Record<string, string>> {
  const opened = await send(hub, { id: 0, method: 'initialize', params: SAMPLE })
  await opened.text()
  return { 'mcp-session-id': opened.headers.get('mcp-session-id')!, 'mcp-protocol-version': '2025-11-25' }
}
/** The messages of a body, whichever form it has. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers freely
const messagesOf = (body: string): any[] =>
  body.startsWith('{') ? [JSON.parse(body)] : [...body.matchAll(/^data: ?(.+)$/gm)].map(([, json]) => JSON.parse(json!))
async function firstEvent(response: Response): Promise<{ message: { id: string }; rest: Promise<string> }> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let seen = ''
  while (!seen.includes('\n\n')) seen += (await reader.read()).value ?? ''
  const rest = (async () => {
    let more = ''
    for (let part = await reader.read(); !part.done; part = await reader.read()) more += part.value
    return more
  })()
  return { message: messagesOf(seen)[0] as { id: string }, rest }
}

test('DAT-1: both started at once on an empty database, and are ready', async () => {
  for (const hub of [a, b]) {
    const ready = await fetch(`${hub.url}/readyz`)
    expect(ready.status).toBe(200)
    const { checks } = (await ready.json()) as { checks: { name: string }[] }
    expect(checks.map(({ name }) => name)).toEqual(['database', 'trust'])
    expect(hub.ready).toMatchObject({ setupUrl: null, demoKey: null, separation: { kind: 'Pod' } })
  }
  expect(cluster.setupLink).toMatch(/^http:\/\/localhost:\d+\/setup#token=/)
  await expect(cluster.runMain(['setup-link'])).rejects.toThrow(/administrator already/)
})

test('DAT-3: a gateway whose key ring is not the database’s refuses to start, and says so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-ring-'))
  const file = join(folder, 'keyring.json')
  writeFileSync(file, JSON.stringify([{ id: 'first', key: randomBytes(32).toString('base64') }]), { mode: 0o440 })
  const other = { MCPHUB_KEYRING_FILE: file, MCPHUB_POD_IP: '127.0.0.3' }
  await expect(cluster.runMain([], other)).rejects.toThrow(/key ring does not belong to this database/)
  rmSync(folder, { recursive: true })
})

test('canary-users makes members with keys that end, and removes them and nobody else', async () => {
  const made = async () =>
    JSON.parse(await cluster.runMain(['canary-users', 'create', 'hub-canary-a', 'hub-canary-b'])) as TestUser[]
  const [left] = await made()
  const [first, second] = await made()
  expect([first!.username, second!.username]).toEqual(['hub-canary-a', 'hub-canary-b'])
  const keysOf = ({ key }: TestUser) =>
    a.request<{ items: { expiresAt: string }[] }>('GET', '/api/keys', undefined, key)
  await expect(keysOf(left!)).rejects.toThrow('401')
  const { items } = await keysOf(second!)
  expect(Date.parse(items[0]!.expiresAt) - Date.now()).toBeLessThan(3_600_001)
  await expect(cluster.runMain(['canary-users', 'remove', alice.id])).rejects.toThrow('no canary')
  await cluster.runMain(['canary-users', 'remove', first!.id, second!.id, first!.id])
  await until(() => expect(keysOf(second!)).rejects.toThrow('401'), 5_000)
  expect((await callTool(a, 'hello')).status).toBe(200)
})

test('GW-2: a session begun at one gateway goes on at the other, and ends at both', async () => {
  const session = await openSession(a)
  expect(await (await callTool(b, 'hello', session)).text()).toContain('hello')
  await fetch(b.endpoint(alice.key, '/mcp/asking'), { method: 'DELETE', headers: session })
  await until(async () => expect((await callTool(a, 'hello', session)).status).toBe(404), 5_000)
})

test('a session that is ended in the REST API of one gateway ends at the other, with its streams', async () => {
  const live = async () => {
    const { items } = await b.request<{ items: { id: string; endedAt: string | null }[] }>(
      'GET',
      '/api/sessions',
      undefined,
      alice.key,
    )
    return items.filter(({ endedAt }) => endedAt === null)
  }
  const before = new Set((await live()).map(({ id }) => id))
  const session = await openSession(a)
  const opened = await fetch(a.endpoint(alice.key, '/mcp/asking'), {
    headers: { accept: 'text/event-stream', ...session },
  })
  expect(opened.status).toBe(200)
  const closed = opened.text()
  // its row is written a moment after it was opened
  const found = await until(async () => {
    const own = (await live()).filter(({ id }) => !before.has(id))
    expect(own).toHaveLength(1)
    return own[0]!
  })
  const from = performance.now()
  await b.request('DELETE', `/api/sessions/${found.id}`, undefined, alice.key)
  await closed
  expect(performance.now() - from).toBeLessThan(5_000)
})

test('GW-2: a cancel and an answer that reach the other gateway reach the call', async () => {
  const session = await openSession(a)
  const before = upstream.canceled.length
  const hanging = callTool(a, 'hang', session)
  await until(() => expect(upstream.calls.at(-1)).toBe('hang'))
  await send(b, { method: 'notifications/cancelled', params: { requestId: 1 } }, session)
  expect(messagesOf(await (await hanging).text())[0]).toMatchObject({ error: { data: { hubCode: 'canceled' } } })
  await until(() => expect(upstream.canceled.length).toBe(before + 1))

  const { message, rest } = await firstEvent(await callTool(a, 'ask', session))
  const answered = await send(b, { id: message.id, result: { action: 'accept', content: { name: 'Kim' } } }, session)
  expect(answered.status).toBe(202)
  expect(await rest).toContain('Kim')
})

const modernCall = (hub: TestHub, more: object = {}) =>
  send(
    hub,
    call(9, 'ask', {
      ...more,
      _meta: { [`${META}protocolVersion`]: '2026-07-28', [`${META}clientCapabilities`]: { elicitation: { form: {} } } },
    }),
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'ask' },
  )

test('GW-2: a parked call is taken up again through the other gateway', async () => {
  const [parked] = messagesOf(await (await modernCall(a)).text())
  const { requestState } = parked.result
  const inputResponses = { 'elicitation-1': { action: 'accept', content: { name: 'Kim' } } }
  const count = upstream.calls.length
  const [answer] = messagesOf(await (await modernCall(b, { requestState, inputResponses })).text())
  expect(answer).toMatchObject({ id: 9, result: { resultType: 'complete' } })
  expect(JSON.stringify(answer)).toContain('Kim')
  expect(upstream.calls.length).toBe(count)
})

test('calls per minute are counted by both gateways together', async () => {
  await cluster.putGroup('team', { servers: ['asking'], members: { users: ['alice'] }, limits: { callsPerMinute: 60 } })
  const allowed = async (hub: TestHub): Promise<boolean> =>
    messagesOf(await (await callTool(hub, 'hello')).text())[0].error === undefined
  await until(async () => expect(await allowed(a)).toBe(false), 20_000)
  // what one gateway let through, the other knows within a moment: it does not begin at nought
  let through = 0
  while (await allowed(b)) through++
  expect(through).toBeLessThan(40)
  await give('alice')
  await until(async () => expect(await allowed(b)).toBe(true), 5_000)
}, 40_000)

test('who is removed from the last group that gives a server loses calls and streams at both gateways within 5 s, the database cut off', async () => {
  const sessions = [await openSession(a), await openSession(b)]
  const running = [a, b].map(
    async (hub, index) => messagesOf(await (await callTool(hub, 'hang', sessions[index])).text())[0],
  )
  const streams = [a, b].map(async (hub, index) => {
    const headers = { accept: 'text/event-stream', ...sessions[index] }
    const stream = await fetch(hub.endpoint(alice.key, '/mcp/asking'), { headers })
    expect(stream.status).toBe(200)
    return stream.text()
  })
  await until(() => expect(upstream.calls.slice(-2)).toEqual(['hang', 'hang']))
  cut.cut()
  const from = performance.now()
  await give('somebody-else')
  for (const refused of await Promise.all(running)) expect(JSON.stringify(refused)).toContain('may not use this server')
  await Promise.all(streams)
  expect(performance.now() - from).toBeLessThan(5_000)
  await cut.mend()
  await give('alice')
  await until(async () => expect((await callTool(b, 'hello')).status).toBe(200), 20_000)
}, 60_000)

interface Sandbox {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly userRef?: string
    readonly operatingMode?: string
    readonly activeUntilTime: string
    readonly userGroupRefs: readonly string[]
  }
}
const sandboxes = (): Sandbox[] =>
  (cluster.api.storage.list('mcpsandboxes.mcphub.io', 'boxes') as unknown as Sandbox[]).filter(
    ({ spec }) => spec.userRef !== undefined,
  )

test('startup: Always wakes a sandbox of each member, once; without the group it is suspended within 5 s, the database cut off', async () => {
  const image = `registry.example/box@sha256:${'a'.repeat(64)}`
  await cluster.addServer('box', { type: 'Stdio', stdio: { image, command: ['box'] } })
  const members = (users: string[]) =>
    cluster.putGroup('boxed', { servers: ['box'], members: { users }, sandboxes: { startup: 'Always' } })
  await members(['alice', 'nobody'])
  await until(() => expect(sandboxes()).toHaveLength(1), 20_000)
  expect(sandboxes()[0]).toMatchObject({ spec: { userGroupRefs: ['boxed'], operatingMode: 'Auto' } })
  // by the API server's clock, as the operator reads it
  const leftMs = Date.parse(sandboxes()[0]!.spec.activeUntilTime) - Date.now() - CLOCK_AHEAD_MS
  expect(leftMs).toBeGreaterThan(200_000)
  expect(leftMs).toBeLessThan(310_000)
  expect(sandboxes()[0]!.metadata.labels).toMatchObject({ 'mcphub.io/server': 'box' })
  cut.cut()
  const from = performance.now()
  await members([])
  await until(() => expect(sandboxes()[0]!.spec.operatingMode).toBe('Suspended'), 5_000)
  expect(performance.now() - from).toBeLessThan(5_000)
  await cut.mend()
  expect(sandboxes()).toHaveLength(1)
}, 60_000)

test('a person who is deleted for good: one gateway deletes their sandbox, once', async () => {
  const carol = await a.addUser('carol')
  const members = { users: ['carol'] }
  await cluster.putGroup('boxed', { servers: ['box'], members, sandboxes: { startup: 'Always' } })
  await until(() => expect(sandboxes()).toHaveLength(2), 20_000)
  await b.request('DELETE', `/api/admin/users/${carol.id}?mode=hard`)
  await until(() => expect(sandboxes()).toHaveLength(1))
  // both have heard of it
  for (const hub of [a, b])
    await until(() => expect(hub.request('GET', '/api/keys', undefined, carol.key)).rejects.toThrow('401'), 5_000)
  const writes = cluster.api.calls.filter(({ method, name }) => method !== 'GET' && name?.startsWith('box-'))
  expect(writes.map(({ method }) => method).filter((method) => method === 'DELETE')).toHaveLength(1)
}, 40_000)

test('GW-1: a gateway that is killed takes its parked call with it: that fails once and clearly, and sessions go on', async () => {
  const session = await openSession(a)
  const [parked] = messagesOf(await (await modernCall(a)).text())
  const { requestState } = parked.result
  await a.killGateway()
  const [answer] = messagesOf(await (await modernCall(b, { requestState, inputResponses: {} })).text())
  expect(answer.error).toMatchObject({ code: -32602, message: expect.stringContaining('is gone') as string })
  expect(await (await callTool(b, 'hello', session)).text()).toContain('hello')
  await a.startGateway()
  await until(async () => expect((await callTool(a, 'hello', session)).status).toBe(200), 20_000)
}, 60_000)

test('the API server away: what was known serves on', async () => {
  await cluster.api.stop()
  for (const hub of [a, b]) {
    expect((await callTool(hub, 'hello')).status).toBe(200)
    expect((await fetch(`${hub.url}/readyz`)).status).toBe(200)
  }
})
