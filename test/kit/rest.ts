// Real sockets in front of the REST binder: users and keys of a world, everything that is audited and logged kept for the test to read.
import { once } from 'node:events'
import { connect } from 'node:net'
import { ROUTE_LIST, type Problem } from '@mcphub/api'
import { createAuthenticator } from '../../gateway/src/auth/authenticator.ts'
import type { Audit, AuditRecord } from '../../gateway/src/features/audit.ts'
import { declareHubMetrics } from '../../gateway/src/platform/hub-metrics.ts'
import { type Listener, startListener } from '../../gateway/src/platform/listener.ts'
import { createLogger } from '../../gateway/src/platform/logger.ts'
import { createMetrics } from '../../gateway/src/platform/metrics.ts'
import { createOriginCheck } from '../../gateway/src/platform/origin.ts'
import type { ApiHandler, RouteDeps } from '../../gateway/src/platform/route.ts'
import { parseStrictJson } from '../../gateway/src/mcp/codec/strict-json.ts'
import { HUB, type World } from './worlds.ts'

export interface Sent {
  readonly key?: string
  readonly body?: unknown
  /** sent as it is, instead of `body` */
  readonly raw?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: unknown
  readonly problem: Problem
}

export interface Person {
  readonly id: string
  readonly username: string
  readonly keyId: string
  readonly key: string
}

export interface TestRest {
  readonly port: number
  readonly url: string
  readonly records: AuditRecord[]
  /** every log line, at debug level */
  readonly lines: string[]
  send(method: string, path: string, sent?: Sent): Promise<Answer>
  /** Bytes no client would send; everything that comes back until the connection closes. */
  sendRaw(bytes: string | Buffer): Promise<string>
  addPerson(username: string, role?: 'admin' | 'member', servers?: readonly string[]): Promise<Person>
  metricsText(): Promise<string>
  stop(): Promise<void>
}

export async function startRest(
  world: Pick<World, 'identities' | 'changes' | 'users' | 'keys'>,
  bind: (deps: RouteDeps) => ApiHandler,
  audit?: Audit,
): Promise<TestRest> {
  const records: AuditRecord[] = []
  const lines: string[] = []
  const logger = createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } })
  const metrics = createMetrics()
  const authenticator = createAuthenticator({ store: world.identities, changes: world.changes })
  authenticator.start()
  const keep: Audit = {
    record(record) {
      records.push(record)
      audit?.record(record)
    },
  }
  const handler = bind({
    authenticator,
    audit: keep,
    origin: createOriginCheck([]),
    logger,
    metrics: declareHubMetrics(
      metrics,
      ROUTE_LIST.map((route) => route.id),
    ),
    parseJson: parseStrictJson,
  })
  const listener = await startListener({ hosts: ['127.0.0.1'], port: 0, handler, logger })
  return {
    port: listener.port,
    url: `http://127.0.0.1:${listener.port}`,
    records,
    lines,
    send: (method, path, sent = {}) => send(listener, method, path, sent),
    sendRaw: (bytes) => sendRaw(listener.port, bytes),
    async addPerson(username, role = 'member', servers) {
      const user = await world.users.create(HUB, { username, role })
      const scope = { servers: servers ?? null }
      const { key, secret } = await world.keys.create(user.id, { name: 'test', scope })
      return { id: user.id, username: user.username, keyId: key.id, key: secret.reveal() }
    },
    metricsText: () => metrics.render(),
    async stop() {
      await listener.stop(0)
      await authenticator.stop()
    },
  }
}

async function send(listener: Listener, method: string, path: string, sent: Sent): Promise<Answer> {
  const body = sent.raw ?? (sent.body === undefined ? undefined : JSON.stringify(sent.body))
  const answer = await fetch(`http://127.0.0.1:${listener.port}${path}`, {
    method,
    headers: {
      ...(sent.key === undefined ? {} : { authorization: `Bearer ${sent.key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...sent.headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    redirect: 'manual',
  })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type')?.includes('json') === true
  const json: unknown = isJson && text !== '' ? JSON.parse(text) : null
  return { status: answer.status, headers: answer.headers, text, json, problem: json as Problem }
}

async function sendRaw(port: number, bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  socket.write(bytes)
  await once(socket, 'close')
  return text
}
