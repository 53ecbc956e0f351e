// What clients are told unasked: list_changed when what they would see has changed, within a second of any cause and only then; resource
// updates and logs of servers, to the sessions they belong to.
import type { Access, EndpointScope } from '../../access/access.ts'
import type { Authenticator, LivePrincipals, Principal } from '../../auth/principal.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Discoveries } from '../discovery/discoveries.ts'
import type { JsonObject, UpstreamEvent, Upstreams } from '../upstream/upstreams.ts'
import type { Log } from './endpoint-deps.ts'
import { ListWatches } from './list-watches.ts'
import { Listeners, type ListenRequest } from './listeners.ts'
import { CHANGE_KINDS, type ChangeKind, type Listings, type ShownStates } from './listings.ts'
import type { Peers } from './peers.ts'
import type { ResourceWatches, WatchQuota } from './resource-watches.ts'
import { hearerOfSession, pushHere, pushToSession, type SessionStream } from './session-stream.ts'
import type { Session, SessionTable } from './session-table.ts'

export interface PushesDeps {
  readonly access: Access
  readonly authenticator: Authenticator & LivePrincipals
  readonly catalog: Catalog
  readonly discoveries: Discoveries
  readonly listings: Listings
  readonly log: Log
  readonly peers: Peers
  readonly quota: WatchQuota
  readonly serverInfo: JsonObject
  readonly sessions: SessionTable
  readonly upstreams: Upstreams
}

/** Somebody to be told: an open listen request, or a session with a stream (made on the spot). */
interface Hearer {
  readonly principal: Principal
  readonly scope: EndpointScope
  readonly kinds: readonly ChangeKind[]
  readonly shown: ShownStates
  readonly watches: ResourceWatches | null
  readonly lists: ListWatches | null
  readonly isGone: boolean
  /** the endpoint it listens at is not its own any more */
  end(): void
  tell(method: string, params: JsonObject): void
}

/** Changes come in flocks: one look for all of them. */
const COALESCE_MS = 50
const LOG_ORDER = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

export class Pushes {
  readonly #deps: PushesDeps
  readonly #listeners: Listeners
  readonly #stops: (() => void)[] = []
  #dirty = new Set<string | null>()
  #timer: NodeJS.Timeout | null = null
  #running: Promise<void> = Promise.resolve()

  constructor(deps: PushesDeps) {
    this.#deps = deps
    this.#listeners = new Listeners({ ...deps, readStates: (listing) => deps.listings.readStates(listing) })
  }

  start(): void {
    const { access, authenticator, catalog, discoveries, upstreams } = this.#deps
    this.#stops.push(
      authenticator.onChanged((userId) => this.#mark(userId)),
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
    this.#listeners.stop()
    for (const session of this.#deps.sessions.all()) for (const stream of [...session.streams]) stream.events.end()
  }

  /** subscriptions/listen. @throws HubError `invalid_params`, `limit_exceeded` */
  listen(asked: ListenRequest): void {
    this.#listeners.open(asked)
  }

  /** What the client missed since it last looked; everything, if this process never saw it look. */
  async catchUp(session: Session, stream: SessionStream): Promise<void> {
    const { shown } = session
    const sawNothing = CHANGE_KINDS.every((kind) => shown[kind] === null)
    if (session.isReopened && sawNothing) for (const kind of CHANGE_KINDS) shown[kind] = ''
    stream.lists = new ListWatches(this.#deps.upstreams, stream.principal)
    await this.#check(hearerOf(session, stream))
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
    for (const hearer of [...this.#hearers(isAll ? null : (dirty as Set<string>))]) await this.#check(hearer)
  }

  *#hearers(users: ReadonlySet<string> | null): Iterable<Hearer> {
    const { sessions } = this.#deps
    for (const session of sessions.all()) {
      const [stream] = session.streams
      if (stream !== undefined && (users === null || users.has(session.userId))) yield hearerOf(session, stream)
    }
    if (users === null) yield* this.#listeners.of(null)
    else for (const userId of users) yield* this.#listeners.of(userId)
  }

  async #check(hearer: Hearer): Promise<void> {
    const { access, authenticator, listings, log } = this.#deps
    try {
      const principal = authenticator.current(hearer.principal)
      const view = await access.view(principal, hearer.scope)
      const listing = view === null ? null : await listings.peek(principal, view, hearer.scope)
      // what is watched for somebody who has left meanwhile would be watched for good
      if (hearer.isGone) return
      hearer.watches?.follow((server) => view?.grants.get(server)?.server ?? null)
      if (listing === null) return hearer.end()
      if (hearer.kinds.length === 0) return
      void hearer.lists?.follow(listing)
      tellChanges(hearer, listings.readStates(listing))
    } catch (error) {
      log.warn({ err: error }, 'a change of lists could not be told')
    }
  }

  #onEvent(event: UpstreamEvent): void {
    if (event.method === 'notifications/resources/updated') void this.#tellUpdate(event)
    else if (event.method === 'notifications/message') void this.#tellLog(event)
  }

  /** Only who subscribed to it hears of it, and only while they may still use the server. */
  async #tellUpdate(event: UpstreamEvent): Promise<void> {
    const uri = event.params?.['uri']
    if (typeof uri !== 'string') return
    for (const hearer of [...this.#concernedHearers(event)]) {
      const known = hearer.watches?.find({ server: event.server, uri, isOfMany: event.userId === null })
      if (known === undefined) continue
      try {
        const named = await this.#exposeTo(hearer, { server: event.server, uri, known })
        if (named !== null) hearer.tell(event.method, { ...event.params, uri: named })
      } catch (error) {
        this.#deps.log.warn({ err: error }, 'a resource update could not be told')
      }
    }
  }

  /** The URI as this client knows it; null when the server is no longer theirs. */
  async #exposeTo(
    { principal, scope }: Hearer,
    updated: { readonly server: string; readonly uri: string; readonly known: string | null },
  ): Promise<string | null> {
    const { access, authenticator, listings } = this.#deps
    const view = await access.view(authenticator.current(principal), scope)
    if (view === null || !view.grants.has(updated.server)) return null
    if (updated.known !== null) return updated.known
    const { uris } = await listings.peek(principal, view, scope)
    return uris === null ? updated.uri : uris.expose(updated.server, updated.uri)
  }

  *#concernedHearers(event: UpstreamEvent): Iterable<Hearer> {
    for (const session of this.#concerned(event)) {
      if (session.watches === null) continue
      const [stream] = session.streams
      const far = stream === undefined ? this.#farHearer(session) : null
      if (stream !== undefined) yield hearerOf(session, stream)
      else if (far !== null) yield far
    }
    // what was said to one session is not for a listener, which has none
    if (event.sessionId === null) yield* this.#listeners.of(event.userId)
  }

  /** A shared child's log could tell one user of another: it is passed to nobody. Any other goes where its server is, and only while it is there. */
  async #tellLog(event: UpstreamEvent): Promise<void> {
    if (event.userId === null) return
    const level = LOG_ORDER.indexOf(String(event.params?.['level']))
    let json: string | null = null
    // heard by each replica that is attached to it
    const unlessHeard = this.#isChild(event.server) ? event.server : null
    for (const session of [...this.#concerned(event)]) {
      if (level < wantedLevel(session)) continue
      const hearer = hearerOfSession(session, this.#deps.peers)
      if (hearer === null || !(await this.#hasServer(hearer, event.server))) continue
      json ??= JSON.stringify({ jsonrpc: '2.0', method: event.method, params: event.params ?? {} })
      pushToSession(session, json, this.#deps.peers, unlessHeard)
    }
  }

  #isChild(server: string): boolean {
    return this.#deps.catalog.snapshot().servers.get(server)?.spec.type === 'Stdio'
  }

  async #hasServer({ principal, scope }: Pick<SessionStream, 'principal' | 'scope'>, server: string): Promise<boolean> {
    try {
      const { access, authenticator } = this.#deps
      const view = await access.view(authenticator.current(principal), scope)
      return view !== null && view.grants.has(server)
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'a log line could not be told')
      return false
    }
  }

  /** A session that is known here, and whose stream may be open at another replica. */
  #farHearer(session: Session): Hearer | null {
    const hearer = hearerOfSession(session, this.#deps.peers)
    if (hearer === null) return null
    const { shown, watches } = session
    const tell = (json: string): void => void pushToSession(session, json, this.#deps.peers)
    return {
      ...hearer,
      kinds: [],
      shown,
      watches,
      lists: null,
      isGone: false,
      end: () => undefined,
      tell: (method, params) => tell(writeNotification(method, params)),
    }
  }

  *#concerned(event: UpstreamEvent): Iterable<Session> {
    const { sessions } = this.#deps
    for (const session of event.userId === null ? sessions.all() : sessions.ofUser(event.userId)) {
      if (event.sessionId === null || event.sessionId === session.id) yield session
    }
  }
}

function tellChanges(hearer: Hearer, states: Readonly<Record<ChangeKind, string>>): void {
  const { kinds, shown } = hearer
  for (const kind of kinds) {
    const before = shown[kind]
    shown[kind] = states[kind]
    if (before !== null && before !== states[kind]) hearer.tell(`notifications/${kind}/list_changed`, {})
  }
}

function hearerOf(session: Session, stream: SessionStream): Hearer {
  return {
    principal: stream.principal,
    scope: stream.scope,
    kinds: CHANGE_KINDS,
    shown: session.shown,
    watches: session.watches,
    lists: stream.lists,
    get isGone() {
      return !session.streams.includes(stream)
    },
    end: () => stream.events.end(),
    tell: (method, params) => {
      pushHere(session, writeNotification(method, params))
    },
  }
}

const wantedLevel = ({ logLevel }: Session): number => LOG_ORDER.indexOf(logLevel ?? 'info')

function writeNotification(method: string, params: JsonObject): string {
  return JSON.stringify({ jsonrpc: '2.0', method, ...(Object.keys(params).length === 0 ? {} : { params }) })
}
