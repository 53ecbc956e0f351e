// A real hub whose database goes away: whoever is known goes on for the published time, the audit is kept up to its bound and says what it lost.
import { setTimeout as wait } from 'node:timers/promises'
import { Client } from 'pg'
import { afterEach, expect, test } from 'vitest'
import { LIMITS } from '@mcphub/api'
import { openDatabaseCut, type DatabaseCut } from '../kit/database-cut.ts'
import { HostileUpstream } from '../kit/hostile-upstream.ts'
import { startHub, type TestHub, type TestUser } from '../kit/hub.ts'
import { remote } from '../kit/manifests.ts'
import { createDatabase } from '../kit/postgres.ts'
import { until } from '../kit/wait-until.ts'
import { buildPost, WireConnection, type WireAnswer } from '../kit/wire.ts'

const TOKEN = "    headers:\n      - name: Authorization\n        value: 'Bearer ${USER_TOKEN}'\n"
const LEGACY = { 'mcp-protocol-version': '2025-11-25' }
const closes: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closes.splice(0).toReversed()) await close()
})

interface Away {
  readonly hub: TestHub
  readonly cut: DatabaseCut
  readonly user: TestUser
  /** straight to the database, past the cut */
  count(sql: string): Promise<number>
}

async function openAway(env: Record<string, string> = {}): Promise<Away> {
  const upstream = await HostileUpstream.open()
  closes.push(() => upstream.close())
  const database = await createDatabase()
  const cut = await openDatabaseCut(database.url)
  closes.push(() => cut.close())
  const hub = await startHub({
    manifests: { 'good.yaml': remote('good', upstream.url, TOKEN) },
    env: { MCPHUB_LOG_LEVEL: 'info', ...env },
    database: { url: cut.url, drop: () => database.drop() },
  })
  closes.push(() => hub.stop())
  const user = await hub.addUser('alice')
  await hub.setVariables(user.key, { USER_TOKEN: 'alices-own' })
  const count = async (sql: string): Promise<number> => {
    const client = new Client({ connectionString: database.url })
    await client.connect()
    try {
      const { rows } = await client.query<{ n: string }>(sql)
      return Number(rows[0]?.n)
    } finally {
      await client.end()
    }
  }
  return { hub, cut, user, count }
}

async function post(hub: TestHub, key: string, message: object, headers: Record<string, string> = {}) {
  const connection = new WireConnection(hub.port)
  try {
    return await connection.send(buildPost(`/mcp?key=${key}`, { ...LEGACY, ...headers }, JSON.stringify(message)))
  } finally {
    connection.close()
  }
}

const call = (id: number, tool: string, nonce = '') => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: `good__${tool}`, arguments: { nonce } },
})

async function openSession(hub: TestHub, key: string): Promise<Record<string, string>> {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'away', version: '1' } }
  const answer = await post(hub, key, { jsonrpc: '2.0', id: 0, method: 'initialize', params })
  const id = /\r\nmcp-session-id: *([^\r]+)/i.exec(answer.headers)?.[1]
  if (id === undefined) throw new Error(`initialize: ${answer.status} ${answer.body}`)
  return { 'mcp-session-id': id }
}

async function waitForTool(hub: TestHub, key: string): Promise<void> {
  await until(async () => {
    const answer = await post(hub, key, { jsonrpc: '2.0', id: 1, method: 'tools/list' })
    expect(answer.body).toContain('"good__echo"')
  }, 20_000)
}

function isWell({ status, body }: WireAnswer, nonce: string): boolean {
  return status === 200 && body.includes(nonce)
}

/** Requests that reach no server, as fast as they are answered. */
async function burst(hub: TestHub, key: string, total: number): Promise<number> {
  let left = total
  let well = 0
  const one = async (): Promise<void> => {
    const connection = new WireConnection(hub.port)
    const request = buildPost(`/mcp?key=${key}`, LEGACY, '{"jsonrpc":"2.0","id":1,"method":"ping"}')
    while (left-- > 0) if ((await connection.send(request)).status === 200) well++
    connection.close()
  }
  await Promise.all(Array.from({ length: 8 }, one))
  return well
}

test('R4-35, GW-3: 60 s without a database: sessions and known keys go on, the audit is kept to its bound and says what it lost', async () => {
  const { hub, cut, user, count } = await openAway()
  await waitForTool(hub, user.key)
  const session = await openSession(hub, user.key)
  expect(isWell(await post(hub, user.key, call(1, 'echo', 'before'), session), 'before')).toBe(true)
  await until(async () => expect(await count("SELECT count(*) AS n FROM audit WHERE action = 'tools/call'")).toBe(1))
  cut.cut()
  const started = performance.now()
  const wrong: string[] = []
  let made = 0
  while (performance.now() - started < 60_000) {
    const nonce = `away-${made++}`
    const isInSession = made % 2 === 0
    const answer = await post(hub, user.key, call(made, 'echo', nonce), isInSession ? session : {})
    if (!isWell(answer, nonce)) wrong.push(`after ${performance.now() - started} ms: ${answer.status} ${answer.body}`)
    if (made === 20) {
      // a person nobody saw before: at once, and with a time to come back
      const stranger = await post(hub, `mcphub_${'7'.repeat(64)}`, call(1, 'echo'))
      if (stranger.status !== 503 || !/\r\nretry-after: /i.test(stranger.headers)) wrong.push(`${stranger.status}`)
      // a session opened now, and used
      const late = await openSession(hub, user.key)
      if (!isWell(await post(hub, user.key, call(2, 'echo', 'late'), late), 'late')) wrong.push('a late session')
      made++
    }
    await wait(200)
  }
  expect(wrong).toEqual([])
  const pings = LIMITS.auditQueue + 2_000
  expect(await burst(hub, user.key, pings)).toBe(pings)
  expect(isWell(await post(hub, user.key, call(3, 'echo', 'last'), session), 'last')).toBe(true)
  await cut.mend()
  const lost = async (): Promise<number> => {
    const metrics = await (await fetch(hub.ready!.metricsUrl)).text()
    return Number(/^mcphub_audit_lost (\d+)/m.exec(metrics)?.[1])
  }
  // back without a restart, for people nobody saw before too
  await until(
    async () => expect((await post(hub, `mcphub_${'7'.repeat(64)}`, call(1, 'echo'))).status).toBe(401),
    6_000,
  )
  const sent = pings + made + 1
  await until(async () => {
    const rows = await count(
      "SELECT count(*) AS n FROM audit WHERE action IN ('ping', 'tools/call') AND outcome = 'ok'",
    )
    // the call before the cut was written then
    expect(rows - 1 + (await lost())).toBeGreaterThanOrEqual(sent)
    expect(rows).toBeLessThan(sent)
  }, 20_000)
  expect(await lost()).toBeGreaterThan(0)
  expect(await count("SELECT count(*) AS n FROM audit WHERE action = 'audit.lost'")).toBeGreaterThan(0)
  // and nothing twice
  const twice = "SELECT count(*) - count(DISTINCT request_id) AS n FROM audit WHERE action IN ('ping', 'tools/call')"
  expect(await count(twice)).toBe(0)
  expect(isWell(await post(hub, user.key, call(4, 'echo', 'after'), session), 'after')).toBe(true)
}, 150_000)

test('R4-36, GW-3: beyond their time known keys are refused with 503, and come back with the database', async () => {
  const { hub, cut, user } = await openAway({ MCPHUB_IDENTITY_GRACE_SECONDS: '4' })
  await waitForTool(hub, user.key)
  const session = await openSession(hub, user.key)
  cut.cut()
  const started = performance.now()
  const statuses: [ms: number, status: number][] = []
  while (statuses.at(-1)?.[1] !== 503 && performance.now() - started < 20_000) {
    const answer = await post(hub, user.key, call(1, 'echo', 'x'), session)
    statuses.push([performance.now() - started, answer.status])
    if (answer.status === 503) expect(answer.headers).toMatch(/\r\nretry-after: \d+/i)
    await wait(100)
  }
  const [end = 0, last] = statuses.at(-1) ?? []
  expect(last).toBe(503)
  expect(statuses.filter(([, status]) => status !== 200 && status !== 503)).toEqual([])
  // the time counts from the last moment the database was seen, half a second before the cut at the earliest
  expect(end).toBeGreaterThan(2_500)
  expect(end).toBeLessThan(8_000)
  await cut.mend()
  await until(async () => expect((await post(hub, user.key, call(2, 'echo', 'x'), session)).status).toBe(200), 6_000)
}, 60_000)
