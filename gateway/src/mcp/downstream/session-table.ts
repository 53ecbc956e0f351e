// Legacy sessions. The id is sealed and self-contained, so a restart or another replica does not end it; what is kept here is only live
// state, freed least recent first, never the id.
import { randomBytes } from 'node:crypto'
import { LIMITS } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import { readOldExtensions } from '../codec/extensions.ts'
import { isLegacyRevision } from '../codec/revisions.ts'
import { isObject } from '../codec/message.ts'
import type { JsonObject, LinkOwner, RpcAnswer } from '../upstream/upstreams.ts'
import type { Exchange, Reply } from './exchange.ts'
import { createSealer, type Sealer } from './sealer.ts'
import type { ShownStates } from './listings.ts'
import type { ResourceWatches } from './resource-watches.ts'
import type { SessionStore } from './session-store.ts'
import type { SessionStream } from './session-stream.ts'

/** A request of a server that waits for this session's answer. */
export interface PendingRequest {
  /** the call it belongs to; null = none */
  readonly exchange: Exchange | null
  readonly respond: (answer: RpcAnswer) => void
}

/** Thousands of them idle: what few sessions need is made when it is needed. */
export interface Session {
  /** random part of the sealed id: what other parts may know */
  readonly id: string
  readonly sealed: string
  readonly userId: string
  readonly keyId: string
  readonly revision: string
  readonly capabilities: JsonObject
  readonly clientInfo: JsonObject | null
  /** path of the endpoint it was opened on; it is valid on no other */
  readonly endpoint: string
  readonly expiresAt: number
  /** on whose behalf its calls go upstream; made with the first one */
  owner: LinkOwner | null
  /** calls in flight; few, and a short list is cheaper than a map that grows and shrinks with every call */
  readonly inFlight: Reply[]
  pending: Map<string, PendingRequest> | null
  /** open GET streams; the first one receives */
  readonly streams: SessionStream[]
  /** the resources its client subscribed to */
  watches: ResourceWatches | null
  /** state of each list the client was last given, for list_changed */
  readonly shown: ShownStates
  /** not opened by this process: what its client saw before is not known */
  readonly isReopened: boolean
  logLevel: string | null
  lastSeenAt: number
  touchedAt: number
}

export interface OpenedSession {
  readonly revision: string
  readonly capabilities: JsonObject
  readonly clientInfo: JsonObject | null
  readonly endpoint: string
}

export interface SessionTableDeps {
  readonly keys: () => readonly Buffer[]
  readonly store: SessionStore
  /** live state of a session is gone: streams must end, upstream links may close */
  readonly onFreed: (session: Session) => void
  readonly limits: SessionLimits
  readonly now?: () => number
}

export interface SessionLimits {
  readonly sessionIdleMs: number
  readonly sessionAbsoluteMs: number
  readonly sessionsPerUser: number
}

/** What a client says of itself. */
interface BoundClient {
  readonly capabilities: JsonObject
  readonly clientInfo: JsonObject | null
}

/** What is known of a session from its id alone. */
interface SealedSession extends BoundClient {
  readonly id: string
  readonly revision: string
  readonly endpoint: string
  /** seconds */
  readonly openedAt: number
}

/** In a sealed id, which travels with each request and is held for each session: no names. Whose it is, is bound to it and not in it. */
type SealedFields = readonly [
  version: 2,
  id: string,
  revision: string,
  capabilities: JsonObject,
  clientInfo: JsonObject | null,
  endpoint: string,
  openedAt: number,
]

const TOUCH_EVERY_MS = 60_000
const SEALED_LIMIT = 8 * 1024
const CLIENTS_KEPT = 256

export class SessionTable {
  readonly #deps: SessionTableDeps
  readonly #bySealed = new Map<string, Session>()
  readonly #byUser = new Map<string, Set<Session>>()
  /** what clients say of themselves, by its JSON: thousands of sessions say the same */
  readonly #clients = new Map<string, BoundClient>()

  constructor(deps: SessionTableDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#bySealed.size
  }

  all(): Iterable<Session> {
    return this.#bySealed.values()
  }

  ofUser(userId: string): Iterable<Session> {
    return this.#byUser.get(userId) ?? []
  }

  /** The id is ours alone: whatever id a client sends along with initialize is not looked at. */
  open(principal: Principal, opened: OpenedSession): Session {
    const now = this.#now()
    const known: SealedSession = {
      id: randomBytes(12).toString('hex'),
      revision: opened.revision,
      ...this.#shareClient(boundClient(opened)),
      endpoint: opened.endpoint,
      openedAt: Math.floor(now / 1000),
    }
    const sealed = this.#sealerFor(principal).seal(toFields(known))
    const session = this.#adopt({ sealed, principal, isReopened: false }, known)
    const { clientInfo: info } = known
    this.#deps.store.opened({
      id: session.id,
      userId: session.userId,
      keyId: session.keyId,
      revision: session.revision,
      clientName: typeof info?.['name'] === 'string' ? info['name'] : null,
      clientVersion: typeof info?.['version'] === 'string' ? info['version'] : null,
      endpoint: session.endpoint,
      openedAt: new Date(now),
    })
    return session
  }

  /** null for every reason alike: unknown, forged, another user's or key's, another endpoint's, ended, expired. */
  find(sealed: string, principal: Principal, endpoint: string): Session | null {
    const session = this.#bySealed.get(sealed) ?? this.#reopen(sealed, principal)
    if (session === null || !this.#isUsable(session, principal, endpoint)) return null
    const now = this.#now()
    session.lastSeenAt = now
    if (now - session.touchedAt > TOUCH_EVERY_MS) {
      session.touchedAt = now
      this.#deps.store.touched(session.id, new Date(now))
    }
    return session
  }

  /** DELETE. @throws HubError `database_unavailable`: then the id still works */
  async end(session: Session): Promise<void> {
    await this.#deps.store.end(session.id, session.userId, new Date(session.expiresAt))
    this.free(session)
  }

  free(session: Session): void {
    if (!this.#bySealed.delete(session.sealed)) return
    const own = this.#byUser.get(session.userId)
    own?.delete(session)
    if (own?.size === 0) this.#byUser.delete(session.userId)
    this.#deps.onFreed(session)
  }

  freeUser(userId: string, keyId: string | null): void {
    for (const session of [...this.ofUser(userId)]) if (keyId === null || session.keyId === keyId) this.free(session)
  }

  /** Frees what was idle too long, has ended elsewhere or expired. */
  sweep(): void {
    const now = this.#now()
    for (const session of this.#bySealed.values()) {
      const isIdle = now - session.lastSeenAt > this.#deps.limits.sessionIdleMs && !isBusy(session)
      if (isIdle || session.expiresAt <= now || this.#deps.store.isEnded(session.id)) this.free(session)
    }
  }

  #shareClient(client: BoundClient): BoundClient {
    const json = JSON.stringify(client)
    const known = this.#clients.get(json)
    if (known !== undefined) return known
    if (this.#clients.size >= CLIENTS_KEPT) this.#clients.clear()
    this.#clients.set(json, client)
    return client
  }

  #isUsable(session: Session, principal: Principal, endpoint: string): boolean {
    return (
      session.userId === principal.userId &&
      session.keyId === principal.keyId &&
      session.endpoint === endpoint &&
      session.expiresAt > this.#now() &&
      !this.#deps.store.isEnded(session.id)
    )
  }

  /** An id made before a restart, on another replica, or whose live state was freed. Only its owner gets live state made. */
  #reopen(sealed: string, principal: Principal): Session | null {
    if (sealed.length > SEALED_LIMIT) return null
    const known = fromFields(this.#sealerFor(principal).open(sealed))
    if (known === null) return null
    const expiresAt = known.openedAt * 1000 + this.#deps.limits.sessionAbsoluteMs
    if (expiresAt <= this.#now() || this.#deps.store.isEnded(known.id)) return null
    return this.#adopt({ sealed, principal, isReopened: true }, known)
  }

  /** What it seals opens for nobody else, and under no other key of the same person. */
  #sealerFor({ userId, keyId }: Principal): Sealer {
    return createSealer(this.#deps.keys, 'session', `${userId}\n${keyId}`)
  }

  #adopt(
    { sealed, principal, isReopened }: { sealed: string; principal: Principal; isReopened: boolean },
    known: SealedSession,
  ): Session {
    const now = this.#now()
    const session: Session = {
      id: known.id,
      sealed,
      userId: principal.userId,
      keyId: principal.keyId,
      revision: known.revision,
      capabilities: known.capabilities,
      clientInfo: known.clientInfo,
      endpoint: known.endpoint,
      expiresAt: known.openedAt * 1000 + this.#deps.limits.sessionAbsoluteMs,
      owner: null,
      inFlight: [],
      pending: null,
      streams: [],
      watches: null,
      shown: { tools: null, prompts: null, resources: null },
      isReopened,
      logLevel: null,
      lastSeenAt: now,
      touchedAt: now,
    }
    this.#bySealed.set(sealed, session)
    const own = this.#byUser.get(session.userId) ?? new Set()
    this.#byUser.set(session.userId, own.add(session))
    if (own.size > this.#deps.limits.sessionsPerUser) this.#freeLeastRecent(own, session)
    return session
  }

  #freeLeastRecent(own: ReadonlySet<Session>, newest: Session): void {
    let found: Session | null = null
    for (const session of own) {
      if (session === newest) continue
      if (found === null || rank(session) < rank(found)) found = session
    }
    if (found !== null) this.free(found)
  }

  #now(): number {
    return this.#deps.now?.() ?? Date.now()
  }
}

function isBusy(session: Session): boolean {
  return session.inFlight.length > 0 || session.streams.length > 0
}

/** Sessions with calls in flight go last. */
function rank(session: Session): number {
  return session.lastSeenAt + (session.inFlight.length > 0 ? Number.MAX_SAFE_INTEGER / 2 : 0)
}

function toFields(known: SealedSession): SealedFields {
  return [2, known.id, known.revision, known.capabilities, known.clientInfo, known.endpoint, known.openedAt]
}

/** null: not opened, or sealed by a hub that wrote other fields or speaks other revisions. */
function fromFields(opened: unknown): SealedSession | null {
  if (!Array.isArray(opened) || opened[0] !== 2 || !isLegacyRevision(opened[2])) return null
  const [, id, revision, capabilities, clientInfo, endpoint, openedAt] = opened as unknown as SealedFields
  return { id, revision, capabilities, clientInfo, endpoint, openedAt }
}

/** Of what the client says of itself only what the hub acts upon, bounded: the id travels with every request. */
function boundClient(opened: OpenedSession): BoundClient {
  const capabilities: JsonObject = {}
  for (const name of ['sampling', 'elicitation', 'roots']) {
    const declared = opened.capabilities[name]
    if (isObject(declared)) capabilities[name] = boundCapability(declared)
  }
  const extensions = readOldExtensions(opened.capabilities)
  if (extensions !== undefined) capabilities['extensions'] = extensions
  const info = opened.clientInfo
  if (info === null) return { capabilities, clientInfo: null }
  const clientInfo: JsonObject = {}
  for (const [name, length] of [
    ['name', 128],
    ['version', 64],
    ['title', 128],
  ] as const) {
    const text = info[name]
    if (typeof text === 'string') clientInfo[name] = text.slice(0, length).toWellFormed()
  }
  const isBounded = Buffer.byteLength(JSON.stringify([capabilities, clientInfo])) <= LIMITS.clientInfoBytes
  if (isBounded) return { capabilities, clientInfo }
  const least = typeof clientInfo['name'] === 'string' ? { name: clientInfo['name'].slice(0, 32).toWellFormed() } : null
  return { capabilities, clientInfo: least }
}

function boundCapability(declared: JsonObject): JsonObject {
  const kept: JsonObject = {}
  for (const name of ['form', 'url', 'tools', 'context', 'listChanged']) {
    if (declared[name] === true) kept[name] = true
    else if (isObject(declared[name])) kept[name] = {}
  }
  return kept
}
