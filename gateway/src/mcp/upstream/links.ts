// The open links, found by key: (whose) × server × its configuration × the version of the values that went in. Another value, another link.
import { hash } from 'node:crypto'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { ResolvedVariables } from '../../secrets/variables.ts'
import { keyOfRelayed } from '../codec/client-capabilities.ts'
import { keyOfExtensions } from '../codec/extensions.ts'
import { HttpLink } from './http-link.ts'
import type { CloseReason, LinkBase, LinkInit, LinkScope, LinkTools } from './link.ts'
import { SseLink } from './sse-link.ts'
import { StdioLink } from './stdio-link.ts'
import type { LinkOwner } from './upstreams.ts'

/** A link of no session is dropped after this long without a call; one of a session lives as long as the session. */
const IDLE_MS = { loose: 5 * 60_000, session: 70 * 60_000 }
const SWEEP_MS = 15_000
const USES_KEPT = 256

/** Whose conversation this is. Stdio: the child's owner, of an Isolated one the session; remote: the downstream session. Without a session: the key. */
export function scopeOf(owner: LinkOwner | null, server: CatalogServer): LinkScope {
  if (owner === null) return { userId: null, keyId: null, sessionId: null, discovery: true }
  const { principal, sessionId } = owner
  if (server.spec.type !== 'Stdio') {
    return { userId: principal.userId, keyId: principal.keyId, sessionId, discovery: false }
  }
  if (server.isolation.mode === 'Shared') return { userId: null, keyId: null, sessionId: null, discovery: false }
  const isolated = server.spec.stdio?.sessions === 'Isolated'
  // calls of 2026-07-28 belong to no session: what tells windows apart there is the key alone
  const keyId = isolated && sessionId === null ? principal.keyId : null
  return { userId: principal.userId, keyId, sessionId: isolated ? sessionId : null, discovery: false }
}

function keyOf(owner: LinkOwner | null, server: CatalogServer, scope: LinkScope, version: string): string {
  const { userId, keyId, sessionId, discovery } = scope
  const loose = owner === null ? '' : looseOf(owner, server)
  const whose = discovery ? 'discovery' : `${userId ?? ''}\n${keyId ?? ''}\n${sessionId ?? ''}\n${loose}`
  // its digest: the text itself would be a twelfth of what an idle session holds
  return hash('sha256', `${server.name}\n${server.configHash}\n${version}\n${whose}`, 'base64url')
}

/** One of a short list: most sessions use few servers, and a map for each of them would take more than the link's own fields. */
interface LastUse {
  readonly server: CatalogServer
  readonly variables: ResolvedVariables
  /** for callers without a session: what else makes the link theirs */
  readonly loose: string
  readonly link: LinkBase
  readonly next: LastUse | null
  /** of this one and those behind it */
  readonly count: number
}

/** Callers without a session may differ in what they can do; what was declared upstream must hold for each. */
function looseOf(owner: LinkOwner, server: CatalogServer): string {
  return owner.sessionId === null && server.spec.type !== 'Stdio'
    ? `${owner.revision} ${keyOfRelayed(owner.clientCapabilities)}${keyOfExtensions(owner.clientCapabilities)}`
    : ''
}

export class Links {
  readonly #links = new Map<string, LinkBase>()
  /** by what lives as long as a session, or as a key, and by server: the link used last, which spares the making of its key */
  readonly #last = new WeakMap<object, LastUse>()
  /** by downstream session: the one that was made last, the others behind it */
  readonly #ofSession = new Map<string, LinkBase>()
  /** taken out of the map, their last calls still running */
  readonly #leaving = new Set<LinkBase>()
  #sweeper: NodeJS.Timeout | null = null

  start(): void {
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS)
    this.#sweeper.unref()
  }

  stop(): void {
    if (this.#sweeper) clearInterval(this.#sweeper)
    this.#sweeper = null
  }

  all(): LinkBase[] {
    return [...this.#links.values(), ...this.#leaving]
  }

  /** Those with calls in flight. */
  busy(): LinkBase[] {
    const found: LinkBase[] = []
    for (const link of this.#links.values()) if (link.inFlight.size > 0) found.push(link)
    for (const link of this.#leaving) if (link.inFlight.size > 0) found.push(link)
    return found
  }

  ofSession(sessionId: string): LinkBase[] {
    const found: LinkBase[] = []
    for (let at = this.#ofSession.get(sessionId) ?? null; at !== null; at = at.nextOfSession) found.push(at)
    return found
  }

  current(): IterableIterator<LinkBase> {
    return this.#links.values()
  }

  find(owner: LinkOwner | null, server: CatalogServer, variables: ResolvedVariables): LinkBase | undefined {
    if (owner === null) return this.#links.get(keyOf(null, server, scopeOf(null, server), variables.version))
    const loose = looseOf(owner, server)
    const longLived = owner.sessionId === null ? owner.principal : owner
    const last = findUse(this.#last.get(longLived) ?? null, server)
    if (last?.variables === variables && last.loose === loose && this.#isCurrent(last.link)) return last.link
    const link = this.#links.get(keyOf(owner, server, scopeOf(owner, server), variables.version))
    if (link !== undefined) this.#remember(longLived, { server, variables, loose, link })
    return link
  }

  /** @throws HubError when the manifest or a value makes a link impossible */
  obtain(owner: LinkOwner | null, server: CatalogServer, variables: ResolvedVariables, tools: LinkTools): LinkBase {
    const scope = scopeOf(owner, server)
    const key = keyOf(owner, server, scope, variables.version)
    const known = this.#links.get(key)
    if (known && !known.isClosed) return known
    const link = createLink({ key, server, owner, scope, variables, tools })
    this.#links.set(key, link)
    if (scope.sessionId !== null) {
      link.nextOfSession = this.#ofSession.get(scope.sessionId) ?? null
      this.#ofSession.set(scope.sessionId, link)
    }
    return link
  }

  /** No new calls; it closes with its last one. */
  retire(link: LinkBase, reason: CloseReason): void {
    if (this.#isCurrent(link)) this.#links.delete(link.init.key)
    if (link.isClosed) return
    this.#leaving.add(link)
    link.retire(reason)
  }

  /** It is closed. */
  forget(link: LinkBase): void {
    this.#leaving.delete(link)
    if (this.#isCurrent(link)) this.#links.delete(link.init.key)
    const { sessionId } = link.init.scope
    if (sessionId !== null) this.#leaveSession(sessionId, link)
  }

  #leaveSession(sessionId: string, link: LinkBase): void {
    const others = this.ofSession(sessionId).filter((one) => one !== link)
    let next: LinkBase | null = null
    for (const one of others.toReversed()) {
      one.nextOfSession = next
      next = one
    }
    link.nextOfSession = null
    if (next === null) this.#ofSession.delete(sessionId)
    else this.#ofSession.set(sessionId, next)
  }

  #remember(longLived: object, use: Omit<LastUse, 'next' | 'count'>): void {
    const first = this.#last.get(longLived) ?? null
    const known = findUse(first, use.server)
    if (known !== null) {
      Object.assign(known, use)
      return
    }
    // a catalogue that changed often leaves servers behind
    const next = first !== null && first.count < USES_KEPT ? first : null
    this.#last.set(longLived, { ...use, next, count: (next?.count ?? 0) + 1 })
  }

  #isCurrent(link: LinkBase): boolean {
    return this.#links.get(link.init.key) === link
  }

  #sweep(): void {
    const now = performance.now()
    for (const link of this.#links.values()) {
      const limit = link.init.scope.sessionId === null ? IDLE_MS.loose : IDLE_MS.session
      if (link.inFlight.size === 0 && !link.isWatched && now - link.lastUsed > limit) this.retire(link, 'idle')
    }
  }
}

function findUse(first: LastUse | null, server: CatalogServer): LastUse | null {
  for (let at = first; at !== null; at = at.next) if (at.server === server) return at
  return null
}

function createLink(init: LinkInit): LinkBase {
  const { type, remote } = init.server.spec
  if (type === 'Stdio') return new StdioLink(init)
  return remote?.transport === 'Sse' ? new SseLink(init) : new HttpLink(init)
}
