// The upstream side of the endpoint, put together: resolves a user's variables, finds or opens the link, hands the call over. The fast path of a call
// is synchronous from here to the socket.
import { randomUUID } from 'node:crypto'
import { HubError, LIMITS, toHubError } from '@mcphub/api'
import { HttpPool } from '../../proxy/pool.ts'
import { TimerWheel } from '../../proxy/timers.ts'
import type { Catalog, CatalogGroup, CatalogServer } from '../../catalog/catalog.ts'
import type { Sandboxes } from '../../sandboxes/sandboxes.ts'
import type { ResolvedVariables, Variables } from '../../secrets/variables.ts'
import type { InputRequest } from '../codec/input-requests.ts'
import { CollectSink } from './collect-sink.ts'
import { EraCache } from './era-cache.ts'
import { LinkTargets } from './link-targets.ts'
import { SharedDescriptions } from './shared-descriptions.ts'
import { checkMissing } from './expand.ts'
import { HealthBook } from './health-book.ts'
import type { CloseReason, LinkBase, LinkTools } from './link.ts'
import { Links } from './links.ts'
import type { Topic } from './subscriptions.ts'
import { UpstreamCall } from './upstream-call.ts'
import type {
  CallHandle,
  CallSink,
  JsonObject,
  LinkOwner,
  OutboundCall,
  RpcAnswer,
  ServerDescription,
  ServerHealth,
  UpstreamEvent,
  UpstreamQuestion,
  Upstreams,
} from './upstreams.ts'
import { Watches } from './watches.ts'

/** Durations in milliseconds; what is left out has the published limit. */
export interface UpstreamsConfig {
  /** version of the hub, told to servers */
  readonly version: string
  readonly idleMs?: number
  readonly callMs?: number
  readonly connectMs?: number
  readonly sandboxStartMs?: number
  readonly drainMs?: number
  readonly messageBytes?: number
  readonly proxy?: { readonly url: string | null; readonly noProxy: string | null; readonly extraCa: string | null }
}

export interface UpstreamsDeps {
  readonly sandboxes: Sandboxes
  readonly variables: Variables
  readonly catalog: Catalog
  readonly config: UpstreamsConfig
  readonly log: LinkTools['log']
  /** of a user's groups; null = the hub's default */
  readonly maxRunningPerUser?: (owner: LinkOwner, server: CatalogServer) => number | null
  /** active groups that give this person this server; default none */
  readonly groupsOf?: (owner: LinkOwner, server: CatalogServer) => readonly CatalogGroup[]
}

export function createUpstreams(deps: UpstreamsDeps): Upstreams {
  return new HubUpstreams(deps)
}

class HubUpstreams implements Upstreams {
  readonly #deps: UpstreamsDeps
  readonly #tools: LinkTools
  readonly #links = new Links()
  readonly #watches: Watches
  readonly #health = new HealthBook()
  readonly #listeners = new Set<(event: UpstreamEvent) => void>()
  readonly #unsubscribe: (() => void)[] = []
  readonly #wheel = new TimerWheel()
  readonly #pool: HttpPool
  #questioned: ((question: UpstreamQuestion) => void) | null = null
  #lastId = 0
  #isStopping = false

  constructor(deps: UpstreamsDeps) {
    const { config } = deps
    this.#deps = deps
    const limits = readLimits(config)
    const { url, noProxy, extraCa } = config.proxy ?? NO_PROXY
    this.#pool = new HttpPool({
      connectMs: limits.connectMs,
      proxyUrl: url,
      noProxy,
      extraCa,
      headerBytes: LIMITS.headerBytes,
      connections: 2 * LIMITS.callsPerServer,
      idleMs: SOCKET_IDLE_MS,
    })
    this.#tools = {
      pool: this.#pool,
      wheel: this.#wheel,
      sandboxes: deps.sandboxes,
      eras: new EraCache(),
      descriptions: new SharedDescriptions(),
      targets: new LinkTargets(config.version),
      listener: {
        onEvent: (link, method, params) => this.#tell(link, method, params),
        onQuestion: (link, question, respond) => this.#ask(link, question, respond),
        onOutcome: (link, error) =>
          this.#health.note(link.server.name, error, {
            userId: link.init.scope.userId,
            version: link.init.variables.version,
          }),
        onLeaving: (link) => this.#links.retire(link, 'replaced'),
        onClosed: (link) => {
          this.#links.forget(link)
          this.#watches.onClosed(link)
        },
      },
      limits,
      version: config.version,
      mintId: () => `${deps.sandboxes.idPrefix}${++this.#lastId}`,
      groupsOf: (owner, server) => (owner === null ? [] : (deps.groupsOf?.(owner, server) ?? [])),
      maxRunningOf: (owner, server) => (owner === null ? null : (deps.maxRunningPerUser?.(owner, server) ?? null)),
      log: deps.log,
    }
    this.#watches = new Watches({
      linkFor: (owner, server) => this.#linkFor(owner, server),
      findServer: (name) => deps.catalog.snapshot().servers.get(name),
      log: deps.log,
    })
  }

  async start(): Promise<void> {
    this.#links.start()
    this.#unsubscribe.push(
      this.#deps.catalog.subscribe((next) => this.#retireChanged(next.servers)),
      this.#deps.variables.onChange((userId) => this.#retireRotated(userId)),
    )
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#watches.stop()
    for (const off of this.#unsubscribe.splice(0)) off()
    const until = performance.now() + (this.#deps.config.drainMs ?? LIMITS.drainMs)
    while (performance.now() < until && this.#links.busy().length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    await closeAll(this.#links.all(), 'shutdown', () => new HubError('shutting_down', 'The hub is shutting down'))
    this.#links.stop()
    this.#wheel.stop()
    await this.#pool.destroy()
  }

  call(owner: LinkOwner, server: CatalogServer, request: OutboundCall, sink: CallSink): CallHandle {
    const call = this.#newCall(owner, server, request, sink)
    if (this.#isStopping) {
      call.fail(new HubError('shutting_down', 'The hub is shutting down'))
      return call
    }
    try {
      const variables = this.#deps.variables.resolve(userOf(owner, server), server)
      if (variables instanceof Promise) void this.#sendLater(call, variables)
      else this.#obtain(owner, server, variables).send(call)
    } catch (error) {
      this.#refuse(call, error)
    }
    return call
  }

  notify(owner: LinkOwner, server: CatalogServer, method: string, params: JsonObject | undefined): void {
    const variables = this.#deps.variables.resolve(userOf(owner, server), server)
    // values not at hand: then no link of this owner was used lately
    if (!(variables instanceof Promise)) this.#links.find(owner, server, variables)?.notify(method, params)
  }

  watch(owner: LinkOwner | null, server: CatalogServer, topic: Topic): Promise<() => void> {
    return this.#watches.add(owner, server, topic)
  }

  async describe(owner: LinkOwner | null, server: CatalogServer, signal: AbortSignal): Promise<ServerDescription> {
    const link = await this.#linkFor(owner, server)
    return abortable(link.describe(), signal)
  }

  async ask(
    owner: LinkOwner | null,
    server: CatalogServer,
    request: { readonly method: string; readonly params?: JsonObject },
    signal: AbortSignal,
  ): Promise<JsonObject> {
    const link = await this.#linkFor(owner, server)
    const sink = new CollectSink()
    const own: OutboundCall = {
      requestId: randomUUID(),
      method: request.method,
      params: request.params,
      idJson: '0',
      era: 'legacy',
    }
    const call = this.#newCall(owner, server, own, sink)
    link.send(call)
    const onAbort = () => call.cancel('aborted')
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    try {
      const reply = await sink.reply
      if ('result' in reply) return reply.result
      throw new HubError('upstream_error', `Server "${server.name}" answered ${request.method} with an error`, {
        data: { server: server.name, rpc: reply.error },
      })
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async closeDiscovery(server: CatalogServer): Promise<void> {
    const chosen = (link: LinkBase) => link.init.scope.discovery && link.server.name === server.name && !link.isWatched
    const links = this.#links.all().filter(chosen)
    await closeAll(links, 'discovered', () => new HubError('canceled', 'The discovery ended'))
  }

  async closeSession(sessionId: string): Promise<void> {
    const makeError = () => new HubError('canceled', 'The session ended')
    this.#watches.endWhere((owner) => owner.sessionId === sessionId)
    this.#cancelWhere((owner) => owner.sessionId === sessionId, makeError)
    await closeAll(this.#links.ofSession(sessionId), 'session', makeError)
  }

  async closeUser(userId: string, keyId: string | null): Promise<void> {
    const makeError = () => new HubError('unauthenticated', 'Not authenticated')
    const isTheirs = (principal: { userId: string; keyId: string }) =>
      principal.userId === userId && (keyId === null || principal.keyId === keyId)
    this.#watches.endWhere((owner) => isTheirs(owner.principal))
    this.#cancelWhere((owner) => isTheirs(owner.principal), makeError)
    const chosen = ({ init }: LinkBase) =>
      init.scope.userId === userId && (keyId === null || init.scope.keyId === keyId)
    await closeAll(this.#links.all().filter(chosen), 'deactivated', makeError)
  }

  onEvent(listener: (event: UpstreamEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  onQuestion(listener: (question: UpstreamQuestion) => void): () => void {
    this.#questioned = listener
    return () => {
      if (this.#questioned === listener) this.#questioned = null
    }
  }

  hears(userId: string, sessionId: string, server: string): boolean {
    for (const link of this.#links.current()) {
      const { scope } = link.init
      if (link.server.name !== server || scope.userId !== userId || !link.isReady) continue
      if (link.server.spec.type === 'Stdio' && (scope.sessionId ?? sessionId) === sessionId) return true
    }
    return false
  }

  health(): readonly ServerHealth[] {
    return this.#health.read(this.#links.all())
  }

  refusal(server: string, userId: string): ReturnType<Upstreams['refusal']> {
    return this.#health.refusal(server, userId)
  }

  #newCall(owner: LinkOwner | null, server: CatalogServer, request: OutboundCall, sink: CallSink): UpstreamCall {
    const { limits, wheel } = this.#tools
    const seconds = server.spec.callTimeoutSeconds
    // 2025-11-25 tasks: this one is silent until the task is done
    const usualMs = request.method === 'tasks/result' ? limits.callMs : limits.idleMs
    const idleMs = seconds === undefined ? usualMs : seconds * 1000
    const id = this.#tools.mintId()
    return new UpstreamCall({ owner, server, request, id, sink, limits: { wheel, idleMs, callMs: limits.callMs } })
  }

  async #sendLater(call: UpstreamCall, resolving: Promise<ResolvedVariables>): Promise<void> {
    try {
      const variables = await resolving
      if (!call.isOver) this.#obtain(call.owner, call.server, variables).send(call)
    } catch (error) {
      this.#refuse(call, error)
    }
  }

  /** Before anything was started or sent. */
  #refuse(call: UpstreamCall, thrown: unknown): void {
    const error = toHubError(thrown)
    this.#health.note(call.server.name, error)
    call.fail(error)
  }

  async #linkFor(owner: LinkOwner | null, server: CatalogServer): Promise<LinkBase> {
    if (this.#isStopping) throw new HubError('shutting_down', 'The hub is shutting down')
    return this.#obtain(owner, server, await this.#deps.variables.resolve(userOf(owner, server), server))
  }

  #obtain(owner: LinkOwner | null, server: CatalogServer, variables: ResolvedVariables): LinkBase {
    const known = this.#links.find(owner, server, variables)
    if (known && !known.isClosed) return known
    checkMissing(server, variables)
    return this.#links.obtain(owner, server, variables, this.#tools)
  }

  /** Each question is answered once, whoever answers. */
  #ask(link: LinkBase, { method, params }: InputRequest, respond: (answer: RpcAnswer) => void): void {
    const { userId, sessionId } = link.init.scope
    const { type, stdio } = link.server.spec
    // else a link of callers without a session: no session is behind it
    const isShared = type === 'Stdio' && stdio?.sessions !== 'Isolated'
    if (userId === null || this.#questioned === null || (sessionId === null && !isShared)) return respond(NOBODY)
    let isOpen = true
    const once = (answer: RpcAnswer) => {
      if (isOpen) respond(answer)
      isOpen = false
    }
    this.#questioned({ server: link.server.name, userId, sessionId, method, params, respond: once })
  }

  #tell(link: LinkBase, method: string, params: JsonObject | undefined): void {
    const { userId, sessionId, discovery } = link.init.scope
    // A child started to discover may announce at its start that its lists changed (server-everything does): heeding that would start
    // the next one, for ever. A link kept open to hear just that is another matter.
    if (discovery && !link.isWatched) return
    const event: UpstreamEvent = { server: link.server.name, userId, sessionId, method, params }
    for (const listener of this.#listeners) listener(event)
  }

  #cancelWhere(chosen: (owner: LinkOwner) => boolean, makeError: () => HubError): void {
    for (const link of this.#links.busy()) {
      for (const call of link.inFlight) {
        if (!call.owner || !chosen(call.owner)) continue
        link.abandon(call, 'the caller is gone')
        call.fail(makeError())
      }
    }
  }

  #retireChanged(servers: ReadonlyMap<string, CatalogServer>): void {
    for (const link of this.#links.current()) {
      const now = servers.get(link.server.name)
      if (!now || now.configHash !== link.server.configHash) this.#links.retire(link, 'replaced')
    }
  }

  /** A value changed: links that were opened with the old one take no new calls, and close with their last. */
  #retireRotated(userId: string | null): void {
    for (const link of this.#links.current()) {
      if (userId !== null && link.init.scope.userId !== userId) continue
      void this.#retireIfRotated(link)
    }
  }

  async #retireIfRotated(link: LinkBase): Promise<void> {
    try {
      const now = await this.#deps.variables.resolve(link.init.scope.userId, link.server)
      if (now.version !== link.init.variables.version) this.#links.retire(link, 'replaced')
    } catch (error) {
      this.#tools.log.warn({ err: error, server: link.server.name }, 'variables could not be read after a change')
    }
  }
}

/** below what servers commonly keep: they should not be the first to close */
const SOCKET_IDLE_MS = 4000

const NOBODY: RpcAnswer = { error: { code: -32_603, message: 'No session is there to answer' } }

const NO_PROXY = { url: null, noProxy: null, extraCa: null }

function readLimits(config: UpstreamsConfig): LinkTools['limits'] {
  const {
    idleMs = LIMITS.upstreamIdleMs,
    callMs = LIMITS.upstreamCallMs,
    connectMs = LIMITS.upstreamConnectMs,
    messageBytes = LIMITS.upstreamMessageBytes,
    sandboxStartMs = LIMITS.sandboxStartMs,
  } = config
  return { idleMs, callMs, connectMs, messageBytes, sandboxStartMs }
}

/** A child that users share, and a start without anybody's values, get nobody's variables. */
function userOf(owner: LinkOwner | null, server: CatalogServer): string | null {
  if (owner === null) return null
  return server.spec.type === 'Stdio' && server.isolation.mode === 'Shared' ? null : owner.principal.userId
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const onAbort = () => reject(new HubError('canceled', 'Canceled'))
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  return promise
}

/** Sessions end in thousands, most of them with nothing open: an error, and its stack, is made for those that have. */
async function closeAll(links: readonly LinkBase[], reason: CloseReason, makeError: () => HubError): Promise<void> {
  if (links.length === 0) return
  const error = makeError()
  await Promise.all(links.map((link) => link.close(reason, error)))
}
