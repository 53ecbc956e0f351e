// What a random sequence is played on: the real endpoint over the real links, on real sockets, with servers of both eras and both transports.
// Only people, catalogue, stores and child processes are doubles.
import { randomBytes } from 'node:crypto'
import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AuditRecord } from '../../gateway/src/features/audit.ts'
import { Discoveries } from '../../gateway/src/mcp/discovery/discoveries.ts'
import { ENDPOINT_DEFAULTS, type Log } from '../../gateway/src/mcp/downstream/endpoint-deps.ts'
import { createMcpEndpoint, type McpEndpoint } from '../../gateway/src/mcp/downstream/endpoint.ts'
import {
  FakeAccess,
  FakeAuthenticator,
  FakeCatalog,
  FakeDiscoveryStore,
  FakeSessionStore,
} from '../../gateway/src/mcp/downstream/fake-world.ts'
import { createUpstreams } from '../../gateway/src/mcp/upstream/create-upstreams.ts'
import type { Upstreams } from '../../gateway/src/mcp/upstream/upstreams.ts'
import { FairQueue } from '../../gateway/src/platform/fair-queue.ts'
import { HubRequest } from '../../gateway/src/platform/hub-request.ts'
import { createRateLimiter } from '../../gateway/src/platform/rate-limiter.ts'
import { makeRemote, makeStdio, MemoryVariables } from '../kit/upstream-world.ts'
import { MemoryChildren } from './children.ts'
import { HttpUpstream } from './http-upstream.ts'
import { SERVERS } from './plan.ts'
import { Behaviours, type Clock } from './upstream.ts'

export interface GenerativeWorld {
  readonly clock: Clock
  readonly url: string
  readonly agent: Agent
  readonly behaviours: Behaviours
  readonly web: HttpUpstream
  readonly now: HttpUpstream
  readonly children: MemoryChildren
  readonly authenticator: FakeAuthenticator
  readonly access: FakeAccess
  readonly variables: MemoryVariables
  readonly sessionStore: FakeSessionStore
  readonly audit: AuditRecord[]
  readonly upstreams: Upstreams
  /** log lines at error */
  readonly errors: string[]
  /** calls that hold a slot or wait for one */
  slots(): number
  inFlight(): number
  /** Another process takes over: same keys and stores, nothing else. */
  restart(): void
  close(): Promise<void>
}

/** silence a server may keep in these sequences */
export const IDLE_MS = 8_000
const TOKEN = '${USER_TOKEN}'

export async function openWorld(): Promise<GenerativeWorld> {
  let time = 0
  const clock = () => ++time
  const behaviours = new Behaviours(clock)
  const children = new MemoryChildren(behaviours)
  const authenticator = new FakeAuthenticator()
  const catalog = new FakeCatalog()
  const access = new FakeAccess(catalog)
  const variables = new MemoryVariables()
  const sessionStore = new FakeSessionStore()
  const audit: AuditRecord[] = []
  const errors: string[] = []
  const quiet = (): void => undefined
  const keep = (fields: object, message: string): void => {
    const { err } = fields as { err?: Error }
    errors.push(`${message}: ${err?.stack ?? JSON.stringify(fields)}`)
  }
  const log: Log = { debug: quiet, info: quiet, warn: quiet, error: keep }
  const upstreams = createUpstreams({
    sandboxes: children,
    variables,
    catalog,
    log,
    config: { version: '0.0.0', idleMs: IDLE_MS, callMs: 20_000, connectMs: 2_000, drainMs: 50 },
  })
  await upstreams.start()
  const discoveries = new Discoveries({
    catalog,
    upstreams,
    variables,
    store: new FakeDiscoveryStore(),
    isLive: (principal) => authenticator.isLive(principal),
    log,
    backOffMs: 50,
  })
  await discoveries.start()
  const sealingKeys = [randomBytes(32)]
  const queue = new FairQueue({ perUser: 32, perServer: 256, queuedPerUser: 64, maxWaitMs: 5_000 })
  const make = (): McpEndpoint => {
    const endpoint = createMcpEndpoint({
      authenticator,
      access,
      catalog,
      upstreams,
      discoveries,
      sessionStore,
      audit: { record: (record) => void audit.push(record) },
      sealingKeys: () => sealingKeys,
      queue,
      rates: createRateLimiter(),
      metrics: { mcpCall: quiet, authRefused: quiet, hubError: quiet },
      log,
      checkOrigin: quiet,
      config: { ...ENDPOINT_DEFAULTS, tickMs: 20, streamAfterMs: 60 },
    })
    endpoint.start()
    return endpoint
  }
  let endpoint = make()
  const server = createServer({ IncomingMessage: HubRequest, keepAliveTimeout: 120_000 }, (req, res) =>
    endpoint.handle(req, res),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const web = new HttpUpstream('web', false, behaviours)
  const now = new HttpUpstream('now', true, behaviours)
  const url = await web.open()
  const headers = [{ name: 'Authorization', value: `Bearer ${TOKEN}` }]
  const child = (name: string, own: boolean, rest: object, stdio: object = {}) =>
    makeStdio(name, ['memory'], rest as never, {
      ...stdio,
      ...(own ? { env: [{ name: 'TOKEN', value: TOKEN }] } : {}),
    })
  catalog.put(makeRemote('web', url, { discovery: 'Shared' }, { headers }))
  catalog.put(makeRemote('secret', url))
  catalog.put(makeRemote('now', await now.open(), { discovery: 'Shared' }, { headers }))
  catalog.put(child('own', true, { discovery: 'Shared' }))
  catalog.put(child('each', true, { discovery: 'Shared' }, { sessions: 'Isolated' }))
  catalog.put(child('pool', false, { riskLevel: 'Low' }))
  const world: GenerativeWorld = {
    clock,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    agent: new Agent({ keepAlive: true }),
    behaviours,
    web,
    now,
    children,
    authenticator,
    access,
    variables,
    sessionStore,
    audit,
    upstreams,
    errors,
    slots: () => queue.counts.inFlight + queue.counts.queued,
    inFlight: () => endpoint.counts().inFlight,
    restart() {
      endpoint.stop()
      endpoint = make()
    },
    async close() {
      endpoint.stop()
      discoveries.stop()
      world.agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await upstreams.stop()
      await web.close()
      await now.close()
    },
  }
  await discoverAll(world, discoveries, catalog)
  return world
}

/** Until every list is known, no call can be routed. */
async function discoverAll(world: GenerativeWorld, discoveries: Discoveries, catalog: FakeCatalog): Promise<void> {
  const principal = world.authenticator.principal(world.authenticator.addKey('first'))
  world.variables.set(principal.userId, 'USER_TOKEN', 'first')
  const isReady = await eventually(async () => {
    const servers = [...catalog.snapshot().servers.values()].filter(({ name }) => name !== 'secret')
    const notes = await discoveries.prepare(principal, servers, 1_000)
    return notes.length === SERVERS.length && notes.every((note) => note.state === 'Ready')
  }, 10_000)
  if (!isReady) throw new Error('the servers were not discovered')
}

/** False: it did not come true in time. Not the kit's: this runs without vitest too. */
export async function eventually(condition: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  const deadline = performance.now() + ms
  while (!(await condition())) {
    if (performance.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return true
}
