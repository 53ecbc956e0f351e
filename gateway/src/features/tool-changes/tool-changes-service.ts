// Which tools are as they were approved. The first definition of a tool is; another is flagged, and held back where the server's manifest says
// Hold. What is held is decided from memory at the moment somebody looks, so that a changed tool is never shown first and held later; what was
// seen is written behind it.
import { HubError, type ToolChangeState } from '@mcphub/api'
import type { HeldTools } from '../../access/held-tools.ts'
import type { Catalog, CatalogServer } from '../../catalog/catalog.ts'
import type { ChangeSource, Transactor } from '../../db/unit.ts'
import type { Discovery } from '../../mcp/discovery/discovery-store.ts'
import { isMoment, readCursor, writeCursor } from '../cursor.ts'
import { isId } from '../ids.ts'
import { readDefinitions, readTexts } from './definition.ts'
import type { ToolChange, ToolChangesStore } from './tool-changes-store.ts'
import { VerdictMemory } from './verdict-memory.ts'

export type ToolState = 'ok' | 'flagged' | 'held'

export interface ToolChangesDeps {
  readonly store: ToolChangesStore
  readonly transactor: Transactor
  readonly changes: Pick<ChangeSource, 'subscribe'>
  readonly catalog: Pick<Catalog, 'snapshot'>
  readonly discoveries: {
    find(userId: string | null, server: CatalogServer): Discovery | null
    onChange(listener: (userId: string | null) => void): () => void
  }
  readonly onFault?: (step: string, error: unknown) => void
  /** between two tries to write what was seen, in ms */
  readonly retryMs?: number
}

/** Newest first, as they were seen. */
const parsePlace = ([at, id]: readonly unknown[]): { at: Date; id: string } | null =>
  isMoment(at) && typeof id === 'string' && isId(id) ? { at: new Date(at), id } : null

export interface ToolChangePage {
  readonly changes: readonly ToolChange[]
  readonly next: string | null
}

export interface ToolChangesService extends HeldTools {
  /** Of a tool by the server's own name, as this person is shown it. */
  stateOf(server: CatalogServer, userId: string, tool: string): ToolState
  list(filter: {
    readonly server?: string
    readonly state?: ToolChangeState
    readonly limit: number
    readonly cursor?: string
  }): Promise<ToolChangePage>
  /** For everybody. @throws HubError `not_found` */
  decide(id: string, decision: 'approve' | 'hold', by: string): Promise<{ before: ToolChange; after: ToolChange }>
  /** Resolves when everything seen so far is written. @throws HubError `database_unavailable` */
  flush(): Promise<void>
  start(): Promise<void>
  stop(): void
}

const RETRY_MS = 5_000
const NONE: ReadonlySet<string> = new Set()

export function createToolChangesService(deps: ToolChangesDeps): ToolChangesService {
  return new ToolChanges(deps)
}

class ToolChanges implements ToolChangesService {
  readonly #deps: ToolChangesDeps
  readonly #memory = new VerdictMemory()
  readonly #listeners = new Set<(userId: string | null) => void>()
  readonly #stops: (() => void)[] = []
  /** seen and, as far as is known, written */
  readonly #noted = new WeakSet<Discovery>()
  readonly #held = new WeakMap<Discovery, { readonly age: string; readonly tools: ReadonlySet<string> }>()
  #unwritten: Discovery[] = []
  #writing: Promise<void> | null = null
  #reloaded: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | null = null
  #isStopped = false

  constructor(deps: ToolChangesDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    const { store, changes, discoveries } = this.#deps
    this.#memory.replace(null, await store.loadVerdicts(null))
    this.#stops.push(
      changes.subscribe('toolChanges', (servers) => void this.#reload(servers)),
      discoveries.onChange((userId) => this.#look(userId)),
    )
    this.#look(null)
  }

  stop(): void {
    this.#isStopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    for (const stop of this.#stops.splice(0)) stop()
  }

  listHeld(server: CatalogServer, userId: string): ReadonlySet<string> {
    const discovery = this.#deps.discoveries.find(userId, server)
    if (discovery === null) return NONE
    this.#note(discovery)
    const { onChange } = server.spec.tools
    const age = `${onChange} ${this.#memory.ageOf(server.name)}`
    const known = this.#held.get(discovery)
    if (known?.age === age) return known.tools
    const held = readDefinitions(discovery).filter((one) => this.#stateOf(server, one) === 'held')
    const tools = held.length === 0 ? NONE : new Set(held.map(({ tool }) => tool))
    this.#held.set(discovery, { age, tools })
    return tools
  }

  stateOf(server: CatalogServer, userId: string, tool: string): ToolState {
    const discovery = this.#deps.discoveries.find(userId, server)
    const definition = discovery === null ? undefined : readDefinitions(discovery).find((one) => one.tool === tool)
    return definition === undefined ? 'ok' : this.#stateOf(server, definition)
  }

  onChange(listener: (userId: string | null) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async list({ server, state, limit, cursor }: Parameters<ToolChangesService['list']>[0]): Promise<ToolChangePage> {
    const found = await this.#deps.store.list({
      holding: this.#listHolding(),
      limit: limit + 1,
      ...(server === undefined ? {} : { server }),
      ...(state === undefined ? {} : { state }),
      ...(cursor === undefined ? {} : { after: readCursor(cursor, parsePlace) }),
    })
    const changes = found.slice(0, limit)
    const last = changes.at(-1)
    return { changes, next: found.length > limit && last ? writeCursor([last.firstSeenAt.getTime(), last.id]) : null }
  }

  async decide(
    id: string,
    decision: 'approve' | 'hold',
    by: string,
  ): Promise<{ before: ToolChange; after: ToolChange }> {
    const { store, transactor } = this.#deps
    const before = await store.get(id)
    if (before === null) throw new HubError('not_found', 'There is no such definition; nobody is shown it any more')
    const server = await transactor.transaction(async (unit) => {
      const found = await store.decide(unit, id, { state: decision === 'approve' ? 'approved' : 'held', by })
      if (found !== null) unit.announce('toolChanges', found)
      return found
    })
    // here it counts before it is answered; elsewhere as soon as they hear
    if (server !== null) await this.#reload(new Set([server]))
    const after = server === null ? null : await store.get(id)
    if (after === null) throw new HubError('not_found', 'There is no such definition; nobody is shown it any more')
    return { before, after }
  }

  async flush(): Promise<void> {
    while (this.#unwritten.length > 0 || this.#writing !== null) await (this.#writing ?? this.#write())
  }

  #stateOf(server: CatalogServer, { tool, sha256 }: { readonly tool: string; readonly sha256: string }): ToolState {
    const state = this.#memory.stateOf(server.name, tool, sha256)
    if (state === 'flagged') return server.spec.tools.onChange === 'Hold' ? 'held' : 'flagged'
    return state === 'held' ? 'held' : 'ok'
  }

  #listHolding(): string[] {
    const servers = [...this.#deps.catalog.snapshot().servers.values()]
    return servers.filter(({ spec }) => spec.tools.onChange === 'Hold').map(({ name }) => name)
  }

  /** What somebody is shown may have changed: lists are made anew without a word of ours, what is new in them is written down. */
  #look(userId: string | null): void {
    const { catalog, discoveries } = this.#deps
    for (const server of catalog.snapshot().servers.values()) {
      const discovery = discoveries.find(userId, server)
      if (discovery !== null) this.#note(discovery)
    }
  }

  /** The first definition of a tool counts at once; that it is written is another matter. */
  #note(discovery: Discovery): void {
    if (this.#noted.has(discovery)) return
    this.#noted.add(discovery)
    this.#memory.approveFirst(discovery.server, readDefinitions(discovery))
    this.#unwritten.push(discovery)
    // after what is on its way just now: whoever asks is not held up
    queueMicrotask(() => void this.#write().catch(() => undefined))
  }

  #write(): Promise<void> {
    if (this.#isStopped) return Promise.resolve()
    this.#writing ??= this.#drain()
      .catch((error: unknown) => {
        this.#again('write definitions of tools', error)
        throw error
      })
      .finally(() => {
        this.#writing = null
      })
    return this.#writing
  }

  async #drain(): Promise<void> {
    for (let next = this.#unwritten[0]; next !== undefined && !this.#isStopped; next = this.#unwritten[0]) {
      await this.#record(next)
      this.#unwritten.shift()
    }
  }

  #again(step: string, error: unknown): void {
    this.#deps.onFault?.(step, error)
    if (this.#isStopped || this.#timer !== null) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#reload(null)
      this.#write().catch(() => undefined)
    }, this.#deps.retryMs ?? RETRY_MS).unref()
  }

  async #record(discovery: Discovery): Promise<void> {
    const { store, transactor } = this.#deps
    const { server, userId } = discovery
    // what a server shows one person is that person's: only that there is another definition is kept of it
    const texts = userId === null ? readTexts(discovery) : null
    const definitions = readDefinitions(discovery).map((one) => ({ ...one, text: texts?.get(one.tool) ?? null }))
    if (definitions.length === 0) return
    await transactor.transaction(async (unit) => {
      if (await store.record(unit, { server, userId, definitions })) unit.announce('toolChanges', server)
    })
    // what another replica saw first may be the approved one
    await this.#reload(new Set([server]))
  }

  /** One after the other: what was read earlier must not come to stand later. */
  #reload(servers: ReadonlySet<string> | null): Promise<void> {
    this.#reloaded = this.#reloaded.then(() => this.#read(servers))
    return this.#reloaded
  }

  async #read(servers: ReadonlySet<string> | null): Promise<void> {
    try {
      const isNews = this.#memory.replace(servers, await this.#deps.store.loadVerdicts(servers))
      for (const discovery of this.#unwritten) this.#memory.approveFirst(discovery.server, readDefinitions(discovery))
      if (isNews) this.#tell(null)
    } catch (error) {
      this.#again('read what was decided on tools', error)
    }
  }

  #tell(userId: string | null): void {
    for (const listener of this.#listeners) listener(userId)
  }
}
