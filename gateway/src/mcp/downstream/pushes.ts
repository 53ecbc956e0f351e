// What clients are told unasked: list_changed when what they would see has changed, within a second of any cause and only then; resource
// updates and logs of servers, to the sessions they belong to.
import type { Access, EndpointScope } from '../../access/access.ts'
import type { Authenticator, Principal } from '../../auth/principal.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { RpcRequest } from '../codec/message.ts'
import { META } from '../codec/modern-envelope.ts'
import type { Discoveries } from '../discovery/discoveries.ts'
import type { Listing } from '../discovery/listing.ts'
import type { JsonObject, UpstreamEvent, Upstreams } from '../upstream/upstreams.ts'
import { buildResult } from './answers.ts'
import type { Log } from './endpoint-deps.ts'
import type { Exchange } from './exchange.ts'
import type { Inbound } from './inbound.ts'
import { CHANGE_KINDS, type ChangeKind, type Listings, type ShownStates } from './listings.ts'
import { pushToSession, type SessionStream } from './session-stream.ts'
import type { Session, SessionTable } from './session-table.ts'

export interface PushesDeps {
  readonly access: Access
  readonly authenticator: Authenticator
  readonly catalog: Catalog
  readonly discoveries: Discoveries
  readonly listings: Listings
  readonly log: Log
  readonly sessions: SessionTable
  readonly upstreams: Upstreams
}

/** Somebody to be told: one for each open listen request, one made on the spot for each session with a stream. */
interface Watcher {
  readonly principal: Principal
  readonly scope: EndpointScope
  readonly kinds: ReadonlySet<ChangeKind>
  readonly shown: ShownStates
  push(method: string): void
}

interface Listener extends Watcher {
  readonly idJson: string
  readonly reply: Exchange
}

/** Changes come in flocks: one look for all of them. */
const COALESCE_MS = 50
const LISTENERS_PER_USER = 64
const ALL_KINDS: ReadonlySet<ChangeKind> = new Set(CHANGE_KINDS)
const FILTER: Readonly<Record<ChangeKind, string>> = {
  tools: 'toolsListChanged',
  prompts: 'promptsListChanged',
  resources: 'resourcesListChanged',
}
const LOG_ORDER = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

export class Pushes {
  readonly #deps: PushesDeps
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #stops: (() => void)[] = []
  #dirty = new Set<string | null>()
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> = Promise.resolve()

  constructor(deps: PushesDeps) {
    this.#deps = deps
  }

  start(): void {
    const { access, catalog, discoveries, upstreams } = this.#deps
    this.#stops.push(
      access.onChange((userId) => this.#mark(userId)),
      catalog.subscribe(() => this.#mark(null)),
      discoveries.onChange((userId) => this.#mark(userId)),
      upstreams.onEvent((event) => this.#onEvent(event)),
    )
  }

  /** Listen requests get their (empty) result, so that clients know it was no accident. */
  stop(): void {
    for (const stop of this.#stops.splice(0)) stop()
    if (this.#timer !== null) clearTimeout(this.#timer)
    for (const listeners of this.#listeners.values()) {
      for (const { idJson, reply } of [...listeners]) {
        const meta = { [META.subscriptionId]: JSON.parse(idJson) as unknown }
        reply.answer(buildResult(idJson, JSON.stringify({ resultType: 'complete', _meta: meta })))
      }
    }
    for (const session of this.#deps.sessions.all()) for (const stream of [...session.streams]) stream.events.end()
  }

  /** subscriptions/listen: acknowledges what is honoured, then lives until the client closes it. */
  listen(
    inbound: Inbound,
    request: RpcRequest,
    open: { readonly reply: Exchange; readonly listing: Listing; readonly wanted: JsonObject },
  ): void {
    const { principal, endpoint } = inbound
    const { reply, listing, wanted } = open
    const kinds = new Set(CHANGE_KINDS.filter((kind) => wanted[FILTER[kind]] === true))
    const honoured = Object.fromEntries([...kinds].map((kind) => [FILTER[kind], true]))
    const meta = { [META.subscriptionId]: request.id }
    const say = (method: string, params: JsonObject) =>
      reply.sendMessage(JSON.stringify({ jsonrpc: '2.0', method, params: { ...params, _meta: meta } }))
    say('notifications/subscriptions/acknowledged', { notifications: honoured })
    const own = this.#listeners.get(principal.userId) ?? new Set()
    if (kinds.size === 0 || own.size >= LISTENERS_PER_USER) {
      return reply.answer(buildResult(request.idJson, JSON.stringify({ resultType: 'complete', _meta: meta })))
    }
    const listener: Listener = {
      principal,
      scope: endpoint.scope,
      kinds,
      shown: { ...this.#deps.listings.readStates(listing) },
      push: (method) => void say(method, {}),
      idJson: request.idJson,
      reply,
    }
    this.#listeners.set(principal.userId, own.add(listener))
    const forget = () => {
      own.delete(listener)
      if (own.size === 0) this.#listeners.delete(principal.userId)
    }
    inbound.res.on('close', forget)
    reply.attach({ cancel: forget, resume: () => undefined, handOver: () => undefined })
  }

  /** What the client missed since it last looked; everything, if this process never saw it look. */
  async catchUp(session: Session, stream: SessionStream): Promise<void> {
    const { shown } = session
    const sawNothing = CHANGE_KINDS.every((kind) => shown[kind] === null)
    if (session.isReopened && sawNothing) for (const kind of CHANGE_KINDS) shown[kind] = ''
    await this.#check(watcherOf(session, stream))
  }

  /** Ends the streams of keys that are no longer valid, even if nobody told us. Called about once a second. */
  tick(now: number, keepAliveMs: number): void {
    const { authenticator, sessions } = this.#deps
    for (const session of sessions.all()) {
      for (const stream of [...session.streams]) {
        if (authenticator.isLive(stream.principal)) stream.events.keepAlive(now, keepAliveMs)
        else stream.events.end()
      }
    }
  }

  #mark(userId: string | null): void {
    this.#dirty.add(userId)
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      // One after the other: two looks at once could tell the same change twice.
      this.#running = this.#running.then(() => this.#flush())
    }, COALESCE_MS)
  }

  async #flush(): Promise<void> {
    const dirty = this.#dirty
    this.#dirty = new Set()
    const isAll = dirty.has(null)
    for (const watcher of [...this.#watchers(isAll ? null : (dirty as Set<string>))]) await this.#check(watcher)
  }

  *#watchers(users: ReadonlySet<string> | null): Iterable<Watcher> {
    const { sessions } = this.#deps
    for (const session of sessions.all()) {
      const [stream] = session.streams
      if (stream !== undefined && (users === null || users.has(session.userId))) yield watcherOf(session, stream)
    }
    for (const [userId, listeners] of this.#listeners) if (users === null || users.has(userId)) yield* listeners
  }

  async #check(watcher: Watcher): Promise<void> {
    const { access, listings, log } = this.#deps
    try {
      const view = await access.view(watcher.principal, watcher.scope)
      const listing = view === null ? null : await listings.peek(watcher.principal, view, watcher.scope)
      const states = listing === null ? null : listings.readStates(listing)
      for (const kind of watcher.kinds) {
        const state = states?.[kind] ?? 'none'
        const before = watcher.shown[kind]
        watcher.shown[kind] = state
        if (before !== null && before !== state) watcher.push(`notifications/${kind}/list_changed`)
      }
    } catch (error) {
      log.warn({ err: error }, 'a change of lists could not be told')
    }
  }

  #onEvent(event: UpstreamEvent): void {
    if (event.method === 'notifications/resources/updated') void this.#tellUpdate(event)
    else if (event.method === 'notifications/message') this.#tellLog(event)
  }

  /** Only sessions that subscribed to it, and only while they may still use the server. */
  async #tellUpdate(event: UpstreamEvent): Promise<void> {
    const { log } = this.#deps
    const uri = event.params?.['uri']
    if (typeof uri !== 'string') return
    for (const session of [...this.#concerned(event)]) {
      if (session.subscriptions?.get(event.server)?.has(uri) !== true) continue
      try {
        const known = await this.#exposeTo(session, event.server, uri)
        if (known === null) continue
        const params = { ...event.params, uri: known }
        pushToSession(session, JSON.stringify({ jsonrpc: '2.0', method: event.method, params }))
      } catch (error) {
        log.warn({ err: error }, 'a resource update could not be told')
      }
    }
  }

  /** The URI as this session's client knows it; null when nobody listens or the server is no longer theirs. */
  async #exposeTo(session: Session, server: string, uri: string): Promise<string | null> {
    const { access, listings } = this.#deps
    const [stream] = session.streams
    if (stream === undefined) return null
    const view = await access.view(stream.principal, stream.scope)
    if (view === null || !view.grants.has(server)) return null
    const { uris } = await listings.peek(stream.principal, view, stream.scope)
    return uris === null ? uri : uris.expose(server, uri)
  }

  /** A shared child's log could tell one user of another: it is passed to nobody. */
  #tellLog(event: UpstreamEvent): void {
    if (event.userId === null) return
    const json = JSON.stringify({ jsonrpc: '2.0', method: event.method, params: event.params ?? {} })
    const level = LOG_ORDER.indexOf(String(event.params?.['level']))
    for (const session of this.#concerned(event)) {
      if (level >= LOG_ORDER.indexOf(session.logLevel ?? 'info')) pushToSession(session, json)
    }
  }

  *#concerned(event: UpstreamEvent): Iterable<Session> {
    const { sessions } = this.#deps
    for (const session of event.userId === null ? sessions.all() : sessions.ofUser(event.userId)) {
      if (event.sessionId === null || event.sessionId === session.id) yield session
    }
  }
}

function watcherOf(session: Session, stream: SessionStream): Watcher {
  return {
    principal: stream.principal,
    scope: stream.scope,
    kinds: ALL_KINDS,
    shown: session.shown,
    push: (method) => void pushToSession(session, JSON.stringify({ jsonrpc: '2.0', method })),
  }
}
