// What servers offer, learned before anybody waits for it where possible: in the background for servers that start without a person's
// values, for each user as soon as their values are there. Lists read from here and never start a server themselves.
import { toHubError } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import type { Catalog, CatalogServer, CatalogSnapshot } from '../../catalog/catalog.ts'
import type { ResolvedVariables, Variables } from '../../secrets/variables.ts'
import { LATEST_LEGACY_REVISION } from '../codec/revisions.ts'
import type { LinkOwner, UpstreamEvent, Upstreams } from '../upstream/upstreams.ts'
import { DiscoveryMemory } from './discovery-memory.ts'
import type { Discovery, DiscoveryStore } from './discovery-store.ts'
import { JobLimiter } from './job-limiter.ts'
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
  /** who starts it (null: nobody's values) and to whom the outcome belongs */
  | { readonly kind: 'discover'; readonly principal: Principal | null; readonly userId: string | null }

interface Job {
  readonly key: string
  running: Promise<void> | null
  launchedAt: number
  begin: (() => Promise<void>) | null
  again: boolean
  failures: number
  notBefore: number
  fault: string | null
  timer: NodeJS.Timeout | null
}

const BACKGROUND = 2
const FOREGROUND = 4
const RUN_MS = 60_000
const BACK_OFF_MS = 5_000
const BACK_OFF_LIMIT_MS = 300_000
const EVENT_PAUSE_MS = 200
const PRINCIPALS = 10_000

export class Discoveries {
  readonly #deps: DiscoveriesDeps
  readonly #memory = new DiscoveryMemory()
  readonly #jobs = new Map<string, Job>()
  readonly #background = new JobLimiter(BACKGROUND)
  readonly #foreground = new JobLimiter(FOREGROUND)
  readonly #listeners = new Set<(userId: string | null) => void>()
  readonly #principals = new Map<string, Principal>()
  readonly #versions = new Map<string, number>()
  readonly #stops: (() => void)[] = []
  readonly #stopping = new AbortController()
  #version = 0

  constructor(deps: DiscoveriesDeps) {
    this.#deps = deps
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
    for (const server of servers.values()) this.#discoverInBackground(server)
  }

  stop(): void {
    this.#stopping.abort()
    for (const stop of this.#stops.splice(0)) stop()
    for (const job of this.#jobs.values()) if (job.timer !== null) clearTimeout(job.timer)
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

  forgetUser(userId: string): void {
    this.#memory.forgetUser(userId)
    this.#principals.delete(userId)
  }

  /**
   * Starts what is missing for this user, waits at most `waitMs` for servers of which nothing is known, and says where each one stands.
   * @throws HubError `database_unavailable` when variables cannot be read
   */
  async prepare(principal: Principal, servers: readonly CatalogServer[], waitMs: number): Promise<ServerNote[]> {
    this.#remember(principal)
    const plans = await Promise.all(servers.map((server) => this.#plan(principal, server)))
    const waits: Promise<void>[] = []
    const since = performance.now() - waitMs
    servers.forEach((server, index) => {
      const plan = plans[index]!
      if (plan.kind !== 'discover') return
      const running = this.#launch(server, plan, this.#foreground)
      if (running === null || this.find(principal.userId, server) !== null) return
      const job = this.#job(jobKey(server.name, plan.userId))
      // Nobody waits again for what has failed before or has been waited for already.
      if (job.failures === 0 && job.launchedAt >= since) waits.push(running)
    })
    if (waits.length > 0 && waitMs > 0) await waitAtMost(waits, waitMs)
    return servers.map((server, index) => this.#note(principal.userId, server, plans[index]!))
  }

  /** A call went through: a server whose discovery failed or is outdated is worth another look. */
  noteSuccess(principal: Principal, server: CatalogServer): void {
    const { userId } = principal
    if (this.find(userId, server)?.configHash === server.configHash) return
    for (const owner of [userId, null]) {
      const job = this.#jobs.get(jobKey(server.name, owner))
      if (job !== undefined) job.notBefore = 0
    }
    this.prepare(principal, [server], 0).catch(() => undefined)
  }

  async #plan(principal: Principal | null, server: CatalogServer): Promise<Plan> {
    const { variables } = this.#deps
    const isSharedFresh = this.#memory.isFresh(null, server)
    const anonymous: Plan = isSharedFresh ? { kind: 'none' } : { kind: 'discover', principal: null, userId: null }
    if (isSharedFresh && (server.userVariables.length === 0 || server.spec.discovery === 'Shared')) return anonymous
    const nobody = await variables.resolve(null, server)
    const startsAlone = nobody.missing.length === 0
    if (principal === null || server.userVariables.length === 0) {
      return startsAlone ? anonymous : { kind: 'missing', names: nobody.missing }
    }
    const mine = await variables.resolve(principal.userId, server)
    return this.#planForUser(principal, server, { mine, anonymous: startsAlone ? anonymous : null })
  }

  #planForUser(
    principal: Principal,
    server: CatalogServer,
    facts: { readonly mine: ResolvedVariables; readonly anonymous: Plan | null },
  ): Plan {
    const { mine, anonymous } = facts
    const isShared = server.spec.discovery === 'Shared'
    const hasOwnValues = [...mine.values.keys()].some((name) => name.startsWith('USER_'))
    if (anonymous !== null && (isShared || !hasOwnValues)) return anonymous
    if (mine.missing.length > 0) return { kind: 'missing', names: mine.missing }
    if (!isShared && this.#memory.isFresh(principal.userId, server)) return { kind: 'none' }
    return { kind: 'discover', principal, userId: isShared ? null : principal.userId }
  }

  #note(userId: string, server: CatalogServer, plan: Plan): ServerNote {
    const { name } = server
    if (plan.kind === 'missing') {
      const known = this.find(userId, server) !== null
      const message = known ? null : 'its tools are listed once the variable is set'
      return { name, state: 'MissingVariable', missing: plan.names, message }
    }
    if (this.find(userId, server) !== null) return { name, state: 'Ready', missing: [], message: null }
    const owner = plan.kind === 'discover' ? plan.userId : null
    const fault = this.#jobs.get(jobKey(name, owner))?.fault ?? null
    return { name, state: fault === null ? 'Discovering' : 'Failed', missing: [], message: fault }
  }

  #discoverInBackground(server: CatalogServer): void {
    if (!server.spec.enabled) return
    this.#plan(null, server).then(
      (plan) => {
        if (plan.kind === 'discover') this.#launch(server, plan, this.#background)
      },
      (error: unknown) =>
        this.#deps.log.warn({ server: server.name, code: toHubError(error).code }, 'discovery put off'),
    )
  }

  /** The running discovery, or null while the back-off of a failed one lasts. */
  #launch(server: CatalogServer, plan: Plan & { kind: 'discover' }, limiter: JobLimiter): Promise<void> | null {
    const job = this.#job(jobKey(server.name, plan.userId))
    if (job.running !== null) {
      // Somebody waits now for what the background had put in its queue.
      if (limiter === this.#foreground && job.begin !== null) limiter.add(() => job.begin?.() ?? Promise.resolve())
      return job.running
    }
    if (job.notBefore > performance.now() || this.#stopping.signal.aborted) return null
    job.launchedAt = performance.now()
    job.running = new Promise((resolve) => {
      job.begin = async () => {
        job.begin = null
        await this.#run(server, plan, job)
        job.running = null
        resolve()
        if (job.again) this.#repeat(server, plan, job)
      }
    })
    limiter.add(() => job.begin?.() ?? Promise.resolve())
    return job.running
  }

  async #run(server: CatalogServer, plan: Plan & { kind: 'discover' }, job: Job): Promise<void> {
    const { upstreams, log, store } = this.#deps
    const owner = plan.principal === null ? null : ownerOf(plan.principal)
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(RUN_MS)])
    try {
      const discovery = await runDiscovery({ upstreams, server, owner, userId: plan.userId, signal })
      Object.assign(job, { failures: 0, notBefore: 0, fault: null })
      if (this.#memory.put(discovery)) this.#tell(plan.userId)
      await store.save(discovery).catch((error: unknown) => {
        log.warn({ server: server.name, code: toHubError(error).code }, 'a discovery could not be kept')
      })
    } catch (error) {
      this.#onFailure(server, plan, { job, error })
    }
  }

  #onFailure(server: CatalogServer, plan: Plan & { kind: 'discover' }, what: { job: Job; error: unknown }): void {
    const { job } = what
    if (this.#stopping.signal.aborted) return
    const fault = toHubError(what.error)
    const wait = Math.min((this.#deps.backOffMs ?? BACK_OFF_MS) * 2 ** job.failures, BACK_OFF_LIMIT_MS)
    job.failures++
    job.notBefore = performance.now() + wait
    const isNews = job.fault !== fault.message
    job.fault = fault.message
    if (isNews) {
      this.#deps.log.warn(
        { server: server.name, code: fault.code, retryInMs: wait },
        'a server could not be discovered',
      )
      this.#tell(plan.userId)
    }
    if (plan.principal !== null || job.timer !== null) return
    job.timer = setTimeout(() => {
      job.timer = null
      const current = this.#deps.catalog.snapshot().servers.get(server.name)
      if (current !== undefined) this.#discoverInBackground(current)
    }, wait)
    job.timer.unref()
  }

  /** The server said its lists changed while, or shortly before, they were read. */
  #repeat(server: CatalogServer, plan: Plan & { kind: 'discover' }, job: Job): void {
    job.again = false
    if (job.timer !== null) return
    job.timer = setTimeout(() => {
      job.timer = null
      this.#launch(server, plan, this.#background)
    }, EVENT_PAUSE_MS)
    job.timer.unref()
  }

  #onCatalog(next: CatalogSnapshot, previous: CatalogSnapshot): void {
    for (const server of next.servers.values()) {
      const before = previous.servers.get(server.name)
      if (before?.configHash === server.configHash && before.spec.enabled === server.spec.enabled) continue
      for (const [key, job] of this.#jobs) if (key.startsWith(`${server.name}\n`)) job.notBefore = 0
      this.#discoverInBackground(server)
    }
    for (const name of previous.servers.keys()) if (!next.servers.has(name)) this.#memory.forgetServer(name)
    this.#tell(null)
  }

  #onEvent(event: UpstreamEvent): void {
    if (!/^notifications\/(tools|prompts|resources)\/list_changed$/.test(event.method)) return
    const server = this.#deps.catalog.snapshot().servers.get(event.server)
    if (server === undefined) return
    const principal = event.userId === null ? null : (this.#principals.get(event.userId) ?? null)
    if (event.userId !== null && (principal === null || !this.#deps.isLive(principal))) return
    const userId = server.spec.discovery === 'Shared' ? null : event.userId
    const job = this.#job(jobKey(server.name, userId))
    if (job.running !== null) job.again = true
    else this.#repeat(server, { kind: 'discover', principal, userId }, job)
  }

  #onVariables(userId: string | null, names: readonly string[]): void {
    const named = new Set(names)
    const concerned = [...this.#deps.catalog.snapshot().servers.values()].filter(
      (server) =>
        server.userVariables.some((variable) => named.has(variable.name)) ||
        server.orgVariables.some((name) => named.has(name)),
    )
    for (const server of concerned) {
      for (const owner of [userId, null]) this.#job(jobKey(server.name, owner)).notBefore = 0
      if (userId === null) this.#discoverInBackground(server)
    }
    const principal = userId === null ? undefined : this.#principals.get(userId)
    if (principal !== undefined && this.#deps.isLive(principal)) void this.#rediscover(principal, concerned)
    this.#tell(userId)
  }

  /** New values may open another account: what was discovered with the old ones stays listed until the new discovery is there. */
  async #rediscover(principal: Principal, servers: readonly CatalogServer[]): Promise<void> {
    for (const server of servers) {
      try {
        const mine = await this.#deps.variables.resolve(principal.userId, server)
        const hasOwnValues = [...mine.values.keys()].some((name) => name.startsWith('USER_'))
        if (mine.missing.length > 0 || !hasOwnValues) continue
        const userId = server.spec.discovery === 'Shared' ? null : principal.userId
        if (this.#launch(server, { kind: 'discover', principal, userId }, this.#foreground) === null) continue
      } catch {
        // The next list tries again.
      }
    }
  }

  #job(key: string): Job {
    const known = this.#jobs.get(key)
    if (known !== undefined) return known
    const job: Job = {
      key,
      running: null,
      launchedAt: 0,
      begin: null,
      again: false,
      failures: 0,
      notBefore: 0,
      fault: null,
      timer: null,
    }
    this.#jobs.set(key, job)
    return job
  }

  #tell(userId: string | null): void {
    if (userId === null) this.#version++
    else this.#versions.set(userId, (this.#versions.get(userId) ?? 0) + 1)
    for (const listener of this.#listeners) listener(userId)
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

function jobKey(server: string, userId: string | null): string {
  return `${server}\n${userId ?? ''}`
}

function ownerOf(principal: Principal): LinkOwner {
  return { principal, sessionId: null, clientCapabilities: {}, clientInfo: null, revision: LATEST_LEGACY_REVISION }
}

async function waitAtMost(waits: readonly Promise<void>[], ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([Promise.all(waits), late])
  clearTimeout(timer)
}
