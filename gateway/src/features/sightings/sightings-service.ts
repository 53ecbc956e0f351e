// What clients do with a key that somebody is just connecting: that it works, or what they do wrong. Noted only for keys that are watched, for
// ten minutes from when it was asked for; all others cost a look into an empty map. At most one a second and key; the last of a second counts.
import { HubError, type CodeParams, type SightingKind } from '@mcphub/api'
import { hashKeyPrefix } from '../../auth/key-prefix.ts'
import type { ChangeSource, Transactor } from '../../db/unit.ts'
import type { ClientSight, Witness } from '../../mcp/downstream/witness.ts'
import type { HubRequest } from '../../platform/hub-request.ts'
import type { OriginCheck } from '../../platform/origin.ts'
import { scrubText } from '../../platform/redact.ts'
import { neutralText } from '../neutral-text.ts'
import { isId } from '../ids.ts'
import type { KeySightings, SightingsStore, WatchedKey } from './sightings-store.ts'

export interface SightingsService extends Witness {
  /** Until when it is watched. @throws HubError `not_found`: no living key of this person */
  watch(userId: string, keyId: string): Promise<Date>
  /** @throws HubError `not_found` */
  list(userId: string, keyId: string): Promise<KeySightings>
  /** Learns which keys are watched. @throws HubError `database_unavailable` */
  start(): Promise<void>
  stop(): void
}

export interface SightingsDeps {
  readonly store: SightingsStore
  readonly transactor: Transactor
  readonly changes: Pick<ChangeSource, 'subscribe'>
  readonly origin: Pick<OriginCheck, 'find'>
  readonly onFault?: (step: string, error: unknown) => void
  readonly watchMs?: number
}

interface Seen {
  readonly kind: SightingKind
  readonly client: string | null
  readonly params: CodeParams
}

interface Watched extends WatchedKey {
  /** `Date.now()` of the last one that was written */
  writtenAt: number
  written: string | null
  waiting: Seen | null
  timer: NodeJS.Timeout | null
}

const WATCH_MS = 600_000
const EVERY_MS = 1_000
/** the same again within it tells nothing new */
const SAME_MS = 10_000

export function createSightingsService(deps: SightingsDeps): SightingsService {
  return new Sightings(deps)
}

class Sightings implements SightingsService {
  readonly #deps: SightingsDeps
  readonly #byKey = new Map<string, Watched>()
  readonly #byPrefix = new Map<string, Watched>()
  #stop: (() => void) | null = null
  #loading: Promise<void> = Promise.resolve()

  constructor(deps: SightingsDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#stop = this.#deps.changes.subscribe('watches', () => {
      this.#load().catch((error: unknown) => this.#deps.onFault?.('look which keys are watched', error))
    })
    await this.#load()
  }

  stop(): void {
    this.#stop?.()
    for (const { timer } of this.#byKey.values()) if (timer !== null) clearTimeout(timer)
    this.#byKey.clear()
    this.#byPrefix.clear()
  }

  async watch(userId: string, keyId: string): Promise<Date> {
    const { transactor, store, watchMs = WATCH_MS } = this.#deps
    const watchedUntil = await transactor.transaction(async (unit) => {
      const until = isId(keyId) ? await store.watch(unit, { userId, id: keyId }, watchMs) : null
      if (until === null) throw noSuchKey()
      unit.announce('watches', userId)
      return until
    })
    // the others hear of it within a second, this one must know it now
    await this.#load()
    return watchedUntil
  }

  async list(userId: string, keyId: string): Promise<KeySightings> {
    const found = isId(keyId) ? await this.#deps.store.find({ userId, id: keyId }) : null
    if (found === null) throw noSuchKey()
    return found
  }

  called(keyId: string, describe: () => ClientSight): void {
    const watched = this.#byKey.get(keyId)
    if (watched === undefined) return
    const { client, unknownRevision } = describe()
    if (unknownRevision === null) return this.#note(watched, { kind: 'call', client, params: {} })
    const { requested, supported } = unknownRevision
    this.#note(watched, { kind: 'oldRevision', client, params: { requested, supported: [...supported] } })
  }

  refused(keyId: string, request: HubRequest, error: HubError): void {
    const watched = this.#byKey.get(keyId)
    const seen = watched && describeRefusal(request, error)
    if (seen) this.#note(watched, seen)
  }

  turnedAway(request: HubRequest, error: HubError): void {
    if (this.#byPrefix.size === 0) return
    // what was meant for a key: cut off, in quotes, without its scheme
    for (const text of [request.headers.authorization ?? '', request.url ?? '']) {
      const watched = this.#byPrefix.get(hashKeyPrefix(text)?.toString('hex') ?? '')
      const seen = watched && this.#describeTurnedAway(request, error)
      if (seen) return this.#note(watched, seen)
    }
  }

  #describeTurnedAway(request: HubRequest, error: HubError): Seen | null {
    if (error.code === 'unauthenticated') return { kind: 'wrongKey', client: null, params: {} }
    if (error.code === 'not_found') return describeWrongPath(request)
    const kind = error.code === 'origin_forbidden' ? this.#deps.origin.find(request) : null
    if (kind === null) return null
    const { host = '', origin = '' } = request.headers
    return { kind, client: null, params: kind === 'blockedHost' ? { host } : { origin } }
  }

  /** One after the other: what was read first must not be taken for the last. */
  #load(): Promise<void> {
    this.#loading = this.#loading.catch(() => undefined).then(() => this.#read())
    return this.#loading
  }

  async #read(): Promise<void> {
    const found = await this.#deps.store.listWatched()
    const before = new Map(this.#byKey)
    this.#byKey.clear()
    this.#byPrefix.clear()
    for (const key of found) {
      const fresh: Watched = { writtenAt: 0, written: null, waiting: null, timer: null, ...key }
      const known = before.get(key.keyId)
      const watched: Watched = known === undefined ? fresh : Object.assign(known, key)
      this.#byKey.set(key.keyId, watched)
      if (key.prefix !== null) this.#byPrefix.set(key.prefix, watched)
    }
  }

  #forget({ keyId, prefix }: Watched): void {
    this.#byKey.delete(keyId)
    if (prefix !== null) this.#byPrefix.delete(prefix)
  }

  #note(watched: Watched, seen: Seen): void {
    const now = Date.now()
    if (watched.until.getTime() <= now) return this.#forget(watched)
    if (watched.written === JSON.stringify(seen) && now - watched.writtenAt < SAME_MS) return
    watched.waiting = seen
    if (watched.timer !== null) return
    const wait = watched.writtenAt + EVERY_MS - now
    if (wait <= 0) return this.#write(watched)
    watched.timer = setTimeout(() => {
      watched.timer = null
      this.#write(watched)
    }, wait)
    watched.timer.unref()
  }

  #write(watched: Watched): void {
    const seen = watched.waiting
    if (seen === null) return
    watched.waiting = null
    watched.written = JSON.stringify(seen)
    watched.writtenAt = Date.now()
    this.#keep(watched, seen).catch((error: unknown) => {
      watched.written = null
      this.#deps.onFault?.('note what was seen of a key', error)
    })
  }

  async #keep({ keyId, userId }: Watched, { kind, client, params }: Seen): Promise<void> {
    const { transactor, store } = this.#deps
    const harmless = { client: client === null ? null : neutralText(client), params: neutralParams(params) }
    await transactor.transaction(async (unit) => {
      if (await store.add(unit, keyId, { at: new Date(), kind, ...harmless })) unit.announce('sightings', userId)
    })
  }
}

/** A key may stand in it. */
function describeWrongPath({ url = '/' }: HubRequest): Seen {
  const [path = '/'] = url.split('?')
  return { kind: 'wrongPath', client: null, params: { path: scrubText(path) } }
}

function describeRefusal(request: HubRequest, { code, details }: HubError): Seen | null {
  const { headers } = request
  if (code === 'not_found') return describeWrongPath(request)
  if (code === 'not_acceptable') return { kind: 'badAccept', client: null, params: { accept: headers.accept ?? '' } }
  if (code !== 'unsupported_version') return null
  const { requested = '', supported = [] } = (details.data ?? {}) as { requested?: string; supported?: string[] }
  return { kind: 'oldRevision', client: null, params: { requested, supported: [...supported] } }
}

const neutralParams = (params: CodeParams): CodeParams =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, typeof value === 'string' ? neutralText(value) : value]),
  )

const noSuchKey = (): HubError => new HubError('not_found', 'There is no such key')
