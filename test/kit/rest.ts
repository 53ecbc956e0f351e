// Real sockets in front of the REST binder: users and keys of a world, everything that is audited and logged kept for the test to read.
import { once } from 'node:events'
import { connect } from 'node:net'
import { ROUTE_LIST, type Problem, type Role } from '@mcphub/api'
import { CONSOLE_SESSIONS, createAuthenticator } from '../../gateway/src/auth/authenticator.ts'
import type { SessionFacts } from '../../gateway/src/auth/console-sessions.ts'
import { type HubIdentities, createIdentities } from '../../gateway/src/auth/identities.ts'
import type { Audit, AuditRecord } from '../../gateway/src/features/audit.ts'
import { declareHubMetrics } from '../../gateway/src/platform/hub-metrics.ts'
import { type Listener, startListener } from '../../gateway/src/platform/listener.ts'
import { createLogger } from '../../gateway/src/platform/logger.ts'
import { createMetrics } from '../../gateway/src/platform/metrics.ts'
import { createHubOrigin } from '../../gateway/src/platform/hub-origin.ts'
import { createOriginCheck } from '../../gateway/src/platform/origin.ts'
import type { ApiHandler, RouteDeps } from '../../gateway/src/platform/route.ts'
import { parseStrictJson } from '../../gateway/src/mcp/codec/strict-json.ts'
import { HUB, type World } from './worlds.ts'

export interface Sent {
  readonly key?: string
  /** token of a console session: sent as a page of the hub sends it */
  readonly session?: string
  /** sent as a page of the hub sends it, without a session */
  readonly page?: true
  readonly body?: unknown
  /** sent as it is, instead of `body` */
  readonly raw?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** the answer is left after its head */
  readonly isEndless?: true
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
  /** token of a console session */
  readonly session: string
}

export interface TestRest {
  readonly port: number
  readonly url: string
  readonly records: AuditRecord[]
  /** every log line, at debug level */
  readonly lines: string[]
  send(method: string, path: string, sent?: Sent): Promise<Answer>
  /** The token of one more console session. */
  startSession(userId: string): Promise<string>
  /** Bytes no client would send; everything that comes back until the connection closes. */
  sendRaw(bytes: string | Buffer): Promise<string>
  addPerson(username: string, role?: Role, servers?: readonly string[]): Promise<Person>
  metricsText(): Promise<string>
  stop(): Promise<void>
}

export async function startRest(
  world: Pick<World, 'identities' | 'sessionStore' | 'consoleSessions' | 'transactor' | 'changes' | 'users' | 'keys'>,
  bind: (deps: RouteDeps & { readonly authenticator: HubIdentities }) => ApiHandler,
  audit?: Audit,
): Promise<TestRest> {
  const records: AuditRecord[] = []
  const lines: string[] = []
  const logger = createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } })
  const metrics = createMetrics()
  const { changes } = world
  const authenticator = createIdentities(
    createAuthenticator({ store: world.identities, changes }),
    createAuthenticator({ store: world.sessionStore, changes, kind: CONSOLE_SESSIONS }),
  )
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
    hubOrigin: createHubOrigin(null),
  })
  const listener = await startListener({ hosts: ['127.0.0.1'], port: 0, handler, logger })
  const startSession = async (userId: string): Promise<string> => {
    const facts = startOf(userId)
    const { token } = await world.transactor.transaction((unit) => world.consoleSessions.create(unit, facts))
    return token.reveal()
  }
  return {
    port: listener.port,
    url: `http://127.0.0.1:${listener.port}`,
    records,
    lines,
    send: (method, path, sent = {}) => send(listener, method, path, sent),
    startSession,
    sendRaw: (bytes) => sendRaw(listener.port, bytes),
    async addPerson(username, role = 'member', servers) {
      const user = await world.users.create(HUB, { username, role })
      const scope = { servers: servers ?? null }
      const { key, secret } = await world.keys.create(user.id, { name: 'test', scope })
      const session = await startSession(user.id)
      return { id: user.id, username: user.username, keyId: key.id, key: secret.reveal(), session }
    },
    metricsText: () => metrics.render(),
    async stop() {
      await listener.stop(0)
      await authenticator.stop()
    },
  }
}

const startOf = (userId: string): SessionFacts => ({
  ...{ userId, method: 'password', provider: null, providerSid: null, browser: 'test', presented: null },
})

/** As a page of the hub at this address sends its calls. */
const pageHeaders = (port: number) => ({
  origin: `http://127.0.0.1:${port}`,
  'sec-fetch-site': 'same-origin',
  'x-mcphub-console': '1',
})

async function send(listener: Listener, method: string, path: string, sent: Sent): Promise<Answer> {
  const body = sent.raw ?? (sent.body === undefined ? undefined : JSON.stringify(sent.body))
  const answer = await fetch(`http://127.0.0.1:${listener.port}${path}`, {
    method,
    headers: {
      ...(sent.key === undefined ? {} : { authorization: `Bearer ${sent.key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(sent.page || sent.session !== undefined ? pageHeaders(listener.port) : {}),
      ...(sent.session === undefined ? {} : { cookie: `mcphub_session=${sent.session}` }),
      ...sent.headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    redirect: 'manual',
  })
  const isLeft = sent.isEndless === true && answer.status === 200
  if (isLeft) await answer.body?.cancel()
  const text = isLeft ? '' : await answer.text()
  const isJson = /[/+]json\b/.test(answer.headers.get('content-type') ?? '')
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
