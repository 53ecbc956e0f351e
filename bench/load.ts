// The load generator: its own process, raw sockets. Reads a LoadPlan as JSON on argv[2], prints a LoadReport as JSON.
// Every answer is checked for its id and for the token of the user it belongs to.
import { percentile } from './stats.ts'
import { buildPost, WireConnection, type WireAnswer } from '../test/kit/wire.ts'

export interface LoadPlan {
  readonly port: number
  /** one connection per entry at a time, round robin over users */
  readonly users: readonly { readonly path: string; readonly token: string }[]
  readonly connections: number
  readonly calls: number
  /** calls a second over all connections; null = as fast as answers come */
  readonly rate: number | null
  readonly tool: string
  readonly era: 'legacy' | 'modern'
  /** sent to the floor and the SDK proxy, which have no users; the gateway sets the header itself */
  readonly sendToken: boolean
  /** bytes of the answer's text beyond the nonce */
  readonly answerBytes: number
}

export interface LoadReport {
  readonly calls: number
  readonly errors: number
  readonly mismatches: number
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Session {
  readonly connection: WireConnection
  readonly headers: Record<string, string>
  readonly path: string
  readonly token: string
}

const VERSION = { legacy: '2025-11-25', modern: '2026-07-28' } as const
const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': VERSION.modern,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'load', version: '1.0.0' },
}

async function openSession(plan: LoadPlan, index: number): Promise<Session> {
  const user = plan.users[index % plan.users.length]
  if (!user) throw new Error('a plan needs users')
  const connection = new WireConnection(plan.port)
  const headers: Record<string, string> = { 'mcp-protocol-version': VERSION[plan.era] }
  if (plan.sendToken) headers['x-bench-token'] = user.token
  const session = { connection, headers, path: user.path, token: user.token }
  if (plan.era === 'modern') return session
  const params = { protocolVersion: VERSION.legacy, capabilities: {}, clientInfo: { name: 'load', version: '1.0.0' } }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params })
  const opened = await connection.send(buildPost(user.path, headers, body))
  const id = /\r\nmcp-session-id: *([^\r]+)/i.exec(opened.headers)?.[1]
  if (opened.status !== 200 || id === undefined)
    throw new Error(`initialize: ${opened.status} ${opened.body.slice(0, 300)}`)
  headers['mcp-session-id'] = id
  await connection.send(buildPost(user.path, headers, '{"jsonrpc":"2.0","method":"notifications/initialized"}'))
  return session
}

async function until(due: number): Promise<void> {
  const ms = due - performance.now()
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
}

function parseAnswer(answer: WireAnswer): { id?: unknown; result?: { content?: { text?: string }[] } } {
  const sse = /^data: ?(.*)$/m.exec(answer.body)
  const json = answer.body.startsWith('{') ? answer.body : (sse?.[1] ?? 'null')
  return (JSON.parse(json) ?? {}) as ReturnType<typeof parseAnswer>
}

async function run(plan: LoadPlan): Promise<LoadReport> {
  const sessions = await Promise.all(Array.from({ length: plan.connections }, (_, index) => openSession(plan, index)))
  const latencies: number[] = []
  let sent = 0
  let errors = 0
  let mismatches = 0

  async function callOnce(session: Session, id: number): Promise<void> {
    const params: Record<string, unknown> = { name: plan.tool, arguments: { text: `n${id}`, bytes: plan.answerBytes } }
    const headers = { ...session.headers }
    if (plan.era === 'modern') {
      params['_meta'] = MODERN_META
      headers['mcp-method'] = 'tools/call'
      headers['mcp-name'] = plan.tool
    }
    const post = buildPost(session.path, headers, JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params }))
    const from = performance.now()
    const answer = await session.connection.send(post)
    latencies.push(performance.now() - from)
    const parsed = parseAnswer(answer)
    const text = parsed.result?.content?.[0]?.text
    if (answer.status !== 200 || text === undefined) {
      errors++
      if (errors <= 3) process.stderr.write(`${answer.status} ${answer.body.slice(0, 300)}\n`)
    } else if (parsed.id !== id || !text.startsWith(`${session.token}|n${id}`)) mismatches++
  }

  const warm = Math.min(plan.calls >> 2, 500)
  await Promise.all(
    sessions.map(async (session) => {
      for (let n = 0; n * sessions.length < warm; n++) await callOnce(session, n)
    }),
  )
  latencies.length = 0
  process.stdout.write('warm\n')
  await new Promise((resolve) => process.stdin.once('data', resolve))
  const from = performance.now()
  await Promise.all(
    sessions.map(async (session, index) => {
      // ids start at 0 in every session, so that they collide
      for (let id = 0; sent < plan.calls; id++) {
        sent++
        if (plan.rate !== null) await until(from + ((id * sessions.length + index) * 1000) / plan.rate)
        await callOnce(session, id)
      }
    }),
  )
  const seconds = (performance.now() - from) / 1000
  for (const session of sessions) session.connection.close()
  return {
    calls: sent,
    errors,
    mismatches,
    seconds,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  }
}

const plan = process.argv[2]
if (plan !== undefined && import.meta.main) {
  const report = await run(JSON.parse(plan) as LoadPlan)
  process.stdout.write(`${JSON.stringify(report)}\n`)
  process.exit(0)
}
