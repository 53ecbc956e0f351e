// What servers offer, learned before anybody waits for it where possible: in the background for servers that start without a person's
// values, for each user as soon as their values are there. Lists read from here and never start a server themselves.
import { HubError, toHubError } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import type { Catalog, CatalogServer, CatalogSnapshot } from '../../catalog/catalog.ts'
import type { ChangeSource } from '../../db/unit.ts'
import type { ResolvedVariables, Variables } from '../../secrets/variables.ts'
import { ALL_RELAYED } from '../codec/client-capabilities.ts'
import { LATEST_LEGACY_REVISION } from '../codec/revisions.ts'
import { checkMissing } from '../upstream/expand.ts'
import type { LinkOwner, UpstreamEvent, Upstreams } from '../upstream/upstreams.ts'
import { DiscoveryJobs, type DiscoveryTask } from './discovery-jobs.ts'
import { DiscoveryMemory } from './discovery-memory.ts'
import { fromSubject, type Discovery, type DiscoveryStore } from './discovery-store.ts'
import { runDiscovery } from './run-discovery.ts'

export interface DiscoveryLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface DiscoveriesDeps {
  readonly catalog: Catalog
  readonly upstreams: Upstreams
  readonly variables: Variables
  readonly store: DiscoveryStore
  /** what other replicas discovered; default: there are none */
  readonly changes?: Pick<ChangeSource, 'subscribe'>
  readonly isLive: (principal: Principal) => boolean
  readonly log: DiscoveryLog
  /** first wait after a failure; default 5 s, doubled up to 5 min */
  readonly backOffMs?: number
}

/** What stands between a user and a server's tools. `Ready` also when the last discovery is of an older configuration. */
export interface ServerNote {
  readonly name: string
  readonly state: 'Ready' | 'Discovering' | 'MissingVariable' | 'Failed'
  readonly missing: readonly string[]
  readonly message: string | null
}

type Plan =
  | { readonly kind: 'none' }
  | { readonly kind: 'missing'; readonly names: readonly string[] }
  | { readonly kind: 'discover'; readonly task: DiscoveryTask }

const BACK_OFF_MS = 5_000
const PRINCIPALS = 10_000
const LIST_CHANGED = /^notifications\/(tools|prompts|resources)\/list_changed$/

export class Discoveries {
  readonly #deps: DiscoveriesDeps
  readonly #memory = new DiscoveryMemory()
  readonly #jobs: DiscoveryJobs
  readonly #listeners = new Set<(userId: string | null) => void>()
  /** last seen, to discover for a user while no request of theirs is at hand */
  readonly #principals = new Map<string, Principal>()
  readonly #versions = new Map<string, number>()
  readonly #stops: (() => void)[] = []
  #version = 0

  constructor(deps: DiscoveriesDeps) {
    this.#deps = deps
    this.#jobs = new DiscoveryJobs({
      run: (task, signal) => this.#discover(task, signal),
      onFailure: (task, fault, { retryInMs, isNews }) => {
        if (!isNews) return
        deps.log.warn({ server: task.server.name, code: fault.code, retryInMs }, 'a server could not be discovered')
        this.#tell(task.userId)
      },
      onRetry: (task) => this.#retry(task.server.name),
      backOffMs: deps.backOffMs ?? BACK_OFF_MS,
    })
  }

  async start(): Promise<void> {
    const { catalog, upstreams, variables, store } = this.#deps
    const { servers } = catalog.snapshot()
    for (const discovery of await store.load()) this.#memory.load(discovery, servers.get(discovery.server))
    this.#stops.push(
      catalog.subscribe((next, previous) => this.#onCatalog(next, previous)),
      upstreams.onEvent((event) => this.#onEvent(event)),
      variables.onChange((userId, names) => this.#onVariables(userId, names)),
    )
    const off = this.#deps.changes?.subscribe('discoveries', (subjects) => void this.#onDiscoveries(subjects))
    if (off) this.#stops.push(off)
    for (const server of servers.values()) this.#discoverInBackground(server)
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.#jobs.stop()
  }

  find(userId: string | null, server: CatalogServer): Discovery | null {
    return this.#memory.find(userId, server)
  }

  /** Grows whenever what a user is shown may have changed: part of every cache built from discoveries. */
  version(userId: string): number {
    return this.#version + (this.#versions.get(userId) ?? 0)
  }

  /** Called with the user (null: everybody) whose lists may have changed. */
  onChange(listener: (userId: string | null) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A hard delete: nothing of the user stays in memory. */
  forgetUser(userId: string): void {
    this.#memory.forgetUser(userId)
    this.#principals.delete(userId)
  }

  /**
   * Starts what is missing for this user, waits at most `waitMs` for servers of which nothing is known (`someMs` where others are known: whoever has
   * something to show need not wait for the rest), and says where each one stands.
   * @throws HubError `database_unavailable` when variables cannot be read
   */
  async prepare(
    principal: Principal,
    servers: readonly CatalogServer[],
    ...[emptyMs, someMs = emptyMs]: [waitMs: number, someMs?: number]
  ): Promise<ServerNote[]> {
    this.#remember(principal)
    const waitMs = servers.some((server) => this.find(principal.userId, server) !== null) ? someMs : emptyMs
    const plans = await Promise.all(servers.map((server) => this.#plan(principal, server)))
    const waits: Promise<void>[] = []
    for (const plan of plans) {
      if (plan.kind !== 'discover') continue
      const running = this.#jobs.launch(plan.task, 'foreground')
      const isKnown = this.find(principal.userId, plan.task.server) !== null
      if (running !== null && !isKnown && this.#jobs.isWorthWaiting(plan.task, waitMs)) waits.push(running)
    }
    if (waits.length > 0) await waitAtMost(waits, waitMs)
    return servers.map((server, index) => this.#note(principal.userId, server, plans[index]!))
  }

  /**
   * Somebody calls what a server may offer of which nothing is known: asks it now, however often that failed.
   * @throws HubError `server_unavailable` when it is not known in time, `missing_variable` when it cannot be before that is set
   */
  async demand(principal: Principal, server: CatalogServer, waitMs: number): Promise<void> {
    this.#remember(principal)
    const plan = await this.#plan(principal, server)
    const isKnown = this.find(principal.userId, server) !== null
    if (plan.kind === 'missing' && !isKnown) checkMissing(server, { missing: plan.names })
    if (plan.kind !== 'discover') return
    this.#jobs.forgive(server.name, plan.task.userId)
    const running = this.#jobs.launch(plan.task, 'foreground')
    if (running !== null) await waitAtMost([running], waitMs)
    if (this.find(principal.userId, server) !== null) return
    const fault = this.#jobs.faultOf(server.name, plan.task.userId) ?? 'it does not answer yet; try again in a moment'
    throw new HubError('server_unavailable', `What server "${server.name}" offers is not known: ${fault}`, {
      data: { server: server.name },
      retryAfterSeconds: 5,
    })
  }

  /** What kept a server from starting is gone (its package is installed): no need to wait for the back-off. */
  retry(name: string): void {
    this.#jobs.forgiveServer(name)
    this.#retry(name)
  }

  /** A call went through: a server whose discovery failed or is outdated is worth another look. */
  noteSuccess(principal: Principal, server: CatalogServer): void {
    const { userId } = principal
    if (this.find(userId, server)?.configHash === server.configHash) return
    for (const owner of [userId, null]) this.#jobs.forgive(server.name, owner)
    this.prepare(principal, [server], 0).catch(() => undefined)
  }

  async #plan(principal: Principal | null, server: CatalogServer): Promise<Plan> {
    const { variables } = this.#deps
    const anonymous: Plan = this.#memory.isFresh(null, server)
      ? { kind: 'none' }
      : { kind: 'discover', task: { server, principal: null, userId: null } }
    const asker = server.userVariables.length === 0 ? null : principal
    if (asker === null && anonymous.kind === 'none') return anonymous
    const resolved = await variables.resolve(asker?.userId ?? null, server)
    if (resolved.missing.length > 0) return { kind: 'missing', names: resolved.missing }
    // Without values of their own, nobody's are missing either.
    if (asker === null || !hasOwnValues(resolved)) return anonymous
    return this.#planOwn(asker, server, anonymous)
  }

  #planOwn(principal: Principal, server: CatalogServer, anonymous: Plan): Plan {
    if (server.spec.discovery !== 'Shared') {
      const { userId } = principal
      if (this.#memory.isFresh(userId, server)) return { kind: 'none' }
      return { kind: 'discover', task: { server, principal, userId } }
    }
    return anonymous.kind === 'none' ? anonymous : { kind: 'discover', task: { server, principal, userId: null } }
  }

  #note(userId: string, server: CatalogServer, plan: Plan): ServerNote {
    const { name } = server
    const isKnown = this.find(userId, server) !== null
    if (plan.kind === 'missing') {
      const message = isKnown ? null : 'its tools are listed once the variable is set'
      return { name, state: 'MissingVariable', missing: plan.names, message }
    }
    if (isKnown) return { name, state: 'Ready', missing: [], message: null }
    const fault = this.#jobs.faultOf(name, plan.kind === 'discover' ? plan.task.userId : null)
    return { name, state: fault === null ? 'Discovering' : 'Failed', missing: [], message: fault }
  }

  #discoverInBackground(server: CatalogServer): void {
    if (!server.spec.enabled) return
    this.#plan(null, server).then(
      (plan) => void (plan.kind === 'discover' && this.#jobs.launch(plan.task, 'background')),
      (error: unknown) => {
        this.#deps.log.warn({ server: server.name, code: toHubError(error).code }, 'a discovery was put off')
      },
    )
  }

  #retry(name: string): void {
    const server = this.#deps.catalog.snapshot().servers.get(name)
    if (server !== undefined) this.#discoverInBackground(server)
  }

  async #discover(task: DiscoveryTask, signal: AbortSignal): Promise<void> {
    const { server, userId } = task
    // a program, in a cluster a pod, is not started to say again what it has told another replica
    if (task.anew !== true && !this.#memory.isFresh(userId, server) && (await this.#adopt(server, userId))) return
    const discovery = await this.#run(task, signal)
    if (discovery !== null) await this.#keep(server, discovery)
  }

  async #keep(server: CatalogServer, discovery: Discovery): Promise<void> {
    const { log, store } = this.#deps
    const { userId } = discovery
    // Where no value can make a difference, a user's list is kept only while it differs from everybody's.
    const isRedundant = userId !== null && server.userVariables.length === 0 && this.#memory.isLikeShared(discovery)
    const hasChanged = isRedundant ? this.#memory.drop(userId, server.name) : this.#memory.put(discovery)
    if (hasChanged) this.#tell(userId)
    if (isRedundant && !hasChanged) return
    await (isRedundant ? store.forget(server.name, userId) : store.save(discovery)).catch((error: unknown) => {
      log.warn({ server: server.name, code: toHubError(error).code }, 'a discovery could not be kept')
    })
  }

  /** Takes over what was stored, if it is newer. @returns whether it is of this configuration */
  async #adopt(server: CatalogServer, userId: string | null): Promise<boolean> {
    const { log, store } = this.#deps
    try {
      const stored = await store.find(server.name, userId)
      if (stored === null) return false
      const known = this.#memory.get(userId, server.name)
      const isNews = known === null || known.discoveredAt < stored.discoveredAt
      if (isNews && this.#memory.put(stored)) this.#tell(userId)
      return stored.configHash === server.configHash
    } catch (error) {
      log.warn({ server: server.name, code: toHubError(error).code }, 'what is known of a server could not be read')
      return false
    }
  }

  /** null: anything may have been discovered. */
  async #onDiscoveries(subjects: ReadonlySet<string> | null): Promise<void> {
    const { servers } = this.#deps.catalog.snapshot()
    for (const subject of subjects ?? [...this.#memory.subjects()]) {
      const { server: name, userId } = fromSubject(subject)
      const server = servers.get(name)
      if (server !== undefined) await this.#adopt(server, userId)
    }
  }

  /** null: who it was for is gone. What was opened for them meanwhile, nobody else would close before it is idle. */
  async #run({ server, userId, principal }: DiscoveryTask, signal: AbortSignal): Promise<Discovery | null> {
    const { isLive, upstreams } = this.#deps
    if (principal === null) return runDiscovery({ upstreams, server, owner: null, userId, signal })
    if (!isLive(principal)) return null
    try {
      return await runDiscovery({ upstreams, server, owner: ownerOf(principal), userId, signal })
    } finally {
      const isDeactivated = this.#findLive(principal.userId) === null
      if (!isLive(principal)) await upstreams.closeUser(principal.userId, isDeactivated ? null : principal.keyId)
    }
  }

  #onCatalog(next: CatalogSnapshot, previous: CatalogSnapshot): void {
    for (const server of next.servers.values()) {
      const before = previous.servers.get(server.name)
      if (before?.configHash === server.configHash && before.spec.enabled === server.spec.enabled) continue
      this.#jobs.forgiveServer(server.name)
      this.#discoverInBackground(server)
    }
    for (const name of previous.servers.keys()) if (!next.servers.has(name)) this.#memory.forgetServer(name)
    this.#tell(null)
  }

  #onEvent(event: UpstreamEvent): void {
    if (!LIST_CHANGED.test(event.method)) return
    const server = this.#deps.catalog.snapshot().servers.get(event.server)
    if (server === undefined) return
    const principal = event.userId === null ? null : this.#findLive(event.userId)
    if (event.userId !== null && principal === null) return
    const userId = server.spec.discovery === 'Shared' ? null : event.userId
    this.#jobs.repeat({ server, principal, userId, anew: true })
  }

  #onVariables(userId: string | null, names: readonly string[]): void {
    const named = new Set(names)
    const concerned = [...this.#deps.catalog.snapshot().servers.values()].filter(
      (server) =>
        server.userVariables.some((variable) => named.has(variable.name)) ||
        server.orgVariables.some((name) => named.has(name)),
    )
    for (const server of concerned) {
      for (const owner of [userId, null]) this.#jobs.forgive(server.name, owner)
      if (userId === null) this.#discoverInBackground(server)
    }
    const principal = userId === null ? null : this.#findLive(userId)
    if (principal !== null) void this.#rediscover(principal, concerned)
    this.#tell(userId)
  }

  /** New values may open another account: what was discovered with the old ones stays listed until the new discovery is there. */
  async #rediscover(principal: Principal, servers: readonly CatalogServer[]): Promise<void> {
    for (const server of servers) {
      try {
        const mine = await this.#deps.variables.resolve(principal.userId, server)
        if (mine.missing.length > 0 || !hasOwnValues(mine)) continue
        const userId = server.spec.discovery === 'Shared' ? null : principal.userId
        void this.#jobs.launch({ server, principal, userId, anew: true }, 'foreground')
      } catch {
        // The next list tries again.
      }
    }
  }

  #tell(userId: string | null): void {
    if (userId === null) this.#version++
    else this.#versions.set(userId, (this.#versions.get(userId) ?? 0) + 1)
    for (const listener of this.#listeners) listener(userId)
  }

  #findLive(userId: string): Principal | null {
    const principal = this.#principals.get(userId)
    return principal !== undefined && this.#deps.isLive(principal) ? principal : null
  }

  #remember(principal: Principal): void {
    if (this.#principals.get(principal.userId) === principal) return
    this.#principals.delete(principal.userId)
    this.#principals.set(principal.userId, principal)
    if (this.#principals.size <= PRINCIPALS) return
    for (const oldest of this.#principals.keys()) {
      this.#principals.delete(oldest)
      return
    }
  }
}

function hasOwnValues(resolved: ResolvedVariables): boolean {
  return [...resolved.values.keys()].some((name) => name.startsWith('USER_'))
}

/** Some servers list a tool only to clients that can be asked: what is discovered must hold for the ablest. */
function ownerOf(principal: Principal): LinkOwner {
  return {
    principal,
    sessionId: null,
    clientCapabilities: ALL_RELAYED,
    clientInfo: null,
    revision: LATEST_LEGACY_REVISION,
  }
}

async function waitAtMost(waits: readonly Promise<void>[], ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([Promise.all(waits), late])
  clearTimeout(timer)
}
