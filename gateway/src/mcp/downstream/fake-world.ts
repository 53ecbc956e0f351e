// Everything the MCP endpoint stands on, in memory: people, catalogue, variables and scripted servers. For tests.
import { createHash, randomBytes } from 'node:crypto'
import { HubRequest } from '../../platform/hub-request.ts'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HubError, mcpServerSpec, type McpServerSpec } from '@mcphub/api'
import type { Access, EndpointScope, Grant, View } from '../../access/access.ts'
import type { Authenticator, LivePrincipals, PresentedKey, Principal, Revocation } from '../../auth/principal.ts'
import type { Catalog, CatalogServer, CatalogSnapshot } from '../../catalog/catalog.ts'
import type { AuditRecord } from '../../features/audit.ts'
import { FairQueue } from '../../platform/fair-queue.ts'
import { createRateLimiter } from '../../platform/rate-limiter.ts'
import { Secret } from '../../secrets/secret.ts'
import type { Variables } from '../../secrets/variables.ts'
import { Discoveries } from '../discovery/discoveries.ts'
import type { Discovery, DiscoveryStore } from '../discovery/discovery-store.ts'
import { createMcpEndpoint, type McpEndpoint } from './endpoint.ts'
import { ENDPOINT_DEFAULTS, type EndpointConfig, type Log } from './endpoint-deps.ts'
import { FakeUpstreams } from './fake-upstreams.ts'
import type { Peers } from './peers.ts'
import type { SessionStore } from './session-store.ts'
import type { Witness } from './witness.ts'

class Emitter<A extends unknown[]> {
  readonly #listeners = new Set<(...args: A) => void>()
  on(listener: (...args: A) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  emit(...args: A): void {
    for (const listener of this.#listeners) listener(...args)
  }
}

export class FakeAuthenticator implements Authenticator, LivePrincipals {
  readonly #principals = new Map<string, Principal>()
  readonly #revoked = new Emitter<[Revocation]>()
  readonly #changed = new Emitter<[string]>()

  /** A new key of this user. */
  addKey(username: string): string {
    const key = `mcphub_${randomBytes(32).toString('hex')}`
    this.#principals.set(key, {
      userId: createHash('sha256').update(username).digest('hex').slice(0, 32),
      username,
      role: 'member',
      keyId: `key-${this.#principals.size}`,
      scope: { servers: null },
      claims: [],
      loginUntil: null,
      via: 'key',
    })
    return key
  }
  /** The same key at another replica. */
  adopt(key: string, principal: Principal): void {
    this.#principals.set(key, principal)
  }
  principal(key: string): Principal {
    const found = this.#principals.get(key)
    if (found === undefined) throw new HubError('unauthenticated', 'Not authenticated')
    return found
  }
  authenticate({ query, bearer }: PresentedKey): Principal {
    if (query !== null && bearer !== null && query !== bearer) throw new HubError('unauthenticated', 'x')
    return this.principal(query ?? bearer ?? '')
  }
  isLive(principal: Principal): boolean {
    return [...this.#principals.values()].some(({ keyId }) => keyId === principal.keyId)
  }
  onRevoked(listener: (revocation: Revocation) => void): () => void {
    return this.#revoked.on(listener)
  }
  current(principal: Principal): Principal {
    return [...this.#principals.values()].find(({ keyId }) => keyId === principal.keyId) ?? principal
  }
  onChanged(listener: (userId: string) => void): () => void {
    return this.#changed.on(listener)
  }
  /** As after a login at a provider. */
  change(key: string, facts: Partial<Pick<Principal, 'claims' | 'loginUntil'>>): void {
    const principal = { ...this.principal(key), ...facts }
    this.#principals.set(key, principal)
    this.#changed.emit(principal.userId)
  }
  /** `silently`: as if the replica had not been told. */
  revoke(key: string, silently = false): void {
    const { userId, keyId } = this.principal(key)
    this.#principals.delete(key)
    if (!silently) this.#revoked.emit({ userId, keyId })
  }
}

export class FakeCatalog implements Catalog {
  readonly #changed = new Emitter<[CatalogSnapshot, CatalogSnapshot]>()
  #snapshot: CatalogSnapshot = { revision: 1, servers: new Map(), groups: new Map(), faults: [] }

  snapshot(): CatalogSnapshot {
    return this.#snapshot
  }
  subscribe(listener: (next: CatalogSnapshot, previous: CatalogSnapshot) => void): () => void {
    return this.#changed.on(listener)
  }
  put(server: CatalogServer): void {
    const previous = this.#snapshot
    const servers = new Map(previous.servers).set(server.name, server)
    this.#snapshot = { ...previous, servers, revision: previous.revision + 1 }
    this.#changed.emit(this.#snapshot, previous)
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
}

/** Everybody may use everything, unless hidden; groups are sets of servers. */
export class FakeAccess implements Access {
  readonly #catalog: FakeCatalog
  readonly #changed = new Emitter<[string | null]>()
  readonly #views = new Map<string, View | null>()
  readonly #hidden = new Map<string, Set<string>>()
  readonly #deniedTools = new Map<string, Set<string>>()
  readonly groups = new Map<string, readonly string[]>()
  /** server → value of a claim that its people have */
  readonly ofClaim = new Map<string, string>()
  callsPerMinute: number | null = null

  constructor(catalog: FakeCatalog) {
    this.#catalog = catalog
    catalog.subscribe(() => this.#views.clear())
  }
  hide(userId: string, server: string, isHidden = true): void {
    const hidden = this.#hidden.get(userId) ?? new Set()
    if (isHidden) hidden.add(server)
    else hidden.delete(server)
    this.#hidden.set(userId, hidden)
    this.#views.clear()
    this.#changed.emit(userId)
  }
  denyTool(server: string, tool: string): void {
    const denied = this.#deniedTools.get(server) ?? new Set()
    this.#deniedTools.set(server, denied.add(tool))
    this.#views.clear()
    this.#changed.emit(null)
  }
  view(principal: Principal, scope: EndpointScope): View | null {
    const key = JSON.stringify([principal.userId, principal.claims, scope])
    const known = this.#views.get(key)
    if (known !== undefined) return known
    const view = this.#build(principal, scope)
    this.#views.set(key, view)
    return view
  }
  onChange(listener: (userId: string | null) => void): () => void {
    return this.#changed.on(listener)
  }
  async explain(): Promise<[]> {
    return []
  }
  #isTheirs({ userId, claims }: Principal, server: string): boolean {
    const wanted = this.ofClaim.get(server)
    const isHidden = this.#hidden.get(userId)?.has(server) ?? false
    return !isHidden && (wanted === undefined || claims.some(({ value }) => value === wanted))
  }
  #build(principal: Principal, scope: EndpointScope): View | null {
    const group = scope.kind === 'group' ? this.groups.get(scope.name) : null
    if (group === undefined) return null
    const grants = new Map<string, Grant>()
    const isInScope = ({ name }: CatalogServer) => {
      if (scope.kind === 'server') return scope.name === name
      return group === null || group.includes(name)
    }
    for (const server of this.#catalog.snapshot().servers.values()) {
      if (!this.#isTheirs(principal, server.name) || !isInScope(server)) continue
      const allowsTool = (tool: string) => !this.#deniedTools.get(server.name)?.has(tool)
      grants.set(server.name, { server, allowsTool })
    }
    if (scope.kind === 'server' && grants.size === 0) return null
    return { grants, limits: { maxRunningPerUser: null, callsPerMinute: this.callsPerMinute } }
  }
}

export class FakeVariables implements Variables {
  readonly #values = new Map<string, string>()
  readonly #changed = new Emitter<[string | null, readonly string[]]>()

  set(userId: string, name: string, value: string): void {
    this.#values.set(`${userId} ${name}`, value)
    this.#changed.emit(userId, [name])
  }
  resolve(userId: string | null, server: CatalogServer) {
    const values = new Map<string, Secret>()
    const missing: string[] = []
    for (const { name, required } of server.userVariables) {
      const value = userId === null ? undefined : this.#values.get(`${userId} ${name}`)
      if (value !== undefined) values.set(name, new Secret(value))
      else if (required) missing.push(name)
    }
    return { values, missing, version: String(this.#values.size) }
  }
  onChange(listener: (userId: string | null, names: readonly string[]) => void): () => void {
    return this.#changed.on(listener)
  }
}

export class FakeSessionStore implements SessionStore {
  readonly rows: { id: string; userId: string }[] = []
  readonly ended = new Set<string>()
  opened(row: { id: string; userId: string }): void {
    this.rows.push(row)
  }
  touched(): void {}
  async end(id: string): Promise<void> {
    this.ended.add(id)
  }
  isEnded(id: string): boolean {
    return this.ended.has(id)
  }
  async list(): Promise<[]> {
    return []
  }
  async find(): Promise<null> {
    return null
  }
}

export class FakeDiscoveryStore implements DiscoveryStore {
  readonly rows: Discovery[] = []
  async load(): Promise<readonly Discovery[]> {
    return this.rows
  }
  async find(server: string, userId: string | null): Promise<Discovery | null> {
    return this.rows.findLast((row) => row.server === server && row.userId === userId) ?? null
  }
  async save(discovery: Discovery): Promise<void> {
    this.rows.push(discovery)
  }
  async forget(): Promise<void> {}
}

export function makeServer(name: string, spec: Partial<McpServerSpec> = {}): CatalogServer {
  const full = {
    ...mcpServerSpec.parse({ type: 'Remote', remote: { url: 'http://127.0.0.1:1/mcp' }, access: 'Everyone' }),
    ...spec,
  }
  return {
    name,
    prefix: full.tools.prefix ?? name,
    labels: {},
    spec: full,
    configHash: createHash('sha256').update(JSON.stringify(full)).digest('hex'),
    isolation: { mode: 'Shared', reason: 'test' },
    userVariables: full.userVariables,
    orgVariables: [],
  }
}

export interface World {
  readonly authenticator: FakeAuthenticator
  readonly catalog: FakeCatalog
  readonly access: FakeAccess
  readonly variables: FakeVariables
  readonly upstreams: FakeUpstreams
  readonly sessionStore: FakeSessionStore
  readonly discoveryStore: FakeDiscoveryStore
  readonly discoveries: Discoveries
  readonly audit: AuditRecord[]
  readonly logged: string[]
  readonly sealingKeys: Buffer[]
  readonly queue: FairQueue
  endpoint: McpEndpoint
  readonly url: string
  /** A new endpoint with the same keys and stores, as after a restart. */
  restart(): void
  close(): Promise<void>
}

export interface WorldOptions {
  readonly peers?: Peers
  readonly witness?: Witness
  readonly checkOrigin?: (request: IncomingMessage) => void
  readonly config?: Partial<EndpointConfig>
  readonly calls?: { readonly perUser: number; readonly perServer: number }
  readonly backOffMs?: number
  /** what an earlier run discovered */
  readonly known?: readonly Discovery[]
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const authenticator = new FakeAuthenticator()
  const catalog = new FakeCatalog()
  const access = new FakeAccess(catalog)
  const variables = new FakeVariables()
  const upstreams = new FakeUpstreams()
  const sessionStore = new FakeSessionStore()
  const discoveryStore = new FakeDiscoveryStore()
  discoveryStore.rows.push(...(options.known ?? []))
  const audit: AuditRecord[] = []
  const logged: string[] = []
  const keep = (fields: object, message: string) => void logged.push(JSON.stringify([message, fields]))
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep }
  const sealingKeys = [randomBytes(32)]
  const queue = new FairQueue({ perUser: 32, perServer: 256, ...options.calls, queuedPerUser: 4, maxWaitMs: 10_000 })
  const discoveries = new Discoveries({
    catalog,
    upstreams,
    variables,
    store: discoveryStore,
    isLive: (principal) => authenticator.isLive(principal),
    log,
    backOffMs: options.backOffMs ?? 100,
  })
  await discoveries.start()
  const make = () => {
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
      metrics: { mcpCall: () => undefined, authRefused: () => undefined, hubError: () => undefined },
      log,
      checkOrigin: options.checkOrigin ?? (() => undefined),
      ...(options.witness === undefined ? {} : { witness: options.witness }),
      ...(options.peers === undefined ? {} : { peers: options.peers }),
      config: { ...ENDPOINT_DEFAULTS, tickMs: 50, ...options.config },
    })
    endpoint.start()
    return endpoint
  }
  const server = createServer({ IncomingMessage: HubRequest }, (req, res) => world.endpoint.handle(req, res))
  const port = await listen(server)
  const world: World = {
    authenticator,
    catalog,
    access,
    variables,
    upstreams,
    sessionStore,
    discoveryStore,
    discoveries,
    audit,
    logged,
    sealingKeys,
    queue,
    endpoint: make(),
    url: `http://127.0.0.1:${port}`,
    restart() {
      world.endpoint.stop()
      world.endpoint = make()
    },
    async close() {
      world.endpoint.stop()
      discoveries.stop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return world
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
