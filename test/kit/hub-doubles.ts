// Doubles of the parts of a hub that need real servers behind them, for tests of the REST API: what they hold is set by the test.
import { randomBytes } from 'node:crypto'
import { mcpServerSpec, userGroupSpec } from '@mcphub/api'
import type {
  Catalog,
  CatalogFault,
  CatalogGroup,
  CatalogServer,
  CatalogSnapshot,
} from '../../gateway/src/catalog/catalog.ts'
import { deriveServer } from '../../gateway/src/catalog/derive.ts'
import type { KnownDiscoveries } from '../../gateway/src/features/known-tools.ts'
import type { Discovery } from '../../gateway/src/mcp/discovery/discovery-store.ts'
import type { SessionRow } from '../../gateway/src/mcp/downstream/session-store.ts'
import type { ServerHealth } from '../../gateway/src/mcp/upstream/upstreams.ts'
import type { SandboxInfo, Sandboxes } from '../../gateway/src/sandboxes/sandboxes.ts'

export interface CatalogDouble extends Pick<Catalog, 'snapshot' | 'subscribe'> {
  set(content: { servers?: Record<string, object>; groups?: Record<string, object>; faults?: CatalogFault[] }): void
}

/** Specs as a manifest has them; defaults are filled in. */
export function createCatalogDouble(): CatalogDouble {
  let snapshot: CatalogSnapshot = { revision: 0, servers: new Map(), groups: new Map(), faults: [] }
  const listeners = new Set<(next: CatalogSnapshot, previous: CatalogSnapshot) => void>()
  return {
    snapshot: () => snapshot,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    set({ servers = {}, groups = {}, faults = [] }) {
      const previous = snapshot
      snapshot = {
        revision: previous.revision + 1,
        servers: new Map(Object.entries(servers).map(([name, spec]) => [name, buildServer(name, spec)])),
        groups: new Map(Object.entries(groups).map(([name, spec]) => [name, buildGroup(name, spec)])),
        faults,
      }
      for (const listener of listeners) listener(snapshot, previous)
    },
  }
}

function buildServer(name: string, spec: object): CatalogServer {
  return deriveServer({ name, labels: {}, spec: mcpServerSpec.parse(spec) })
}

const buildGroup = (name: string, spec: object): CatalogGroup => ({ name, spec: userGroupSpec.parse(spec) })

export interface SandboxesDouble extends Sandboxes {
  readonly infos: SandboxInfo[]
  /** stderr by sandbox; marks count its characters */
  readonly texts: Map<string, string>
  /** sandboxes that no replica hears */
  readonly unheard: Set<string>
  /** of those that ended nothing is known any more */
  forgetEnded(): void
}

export function createSandboxesDouble(): SandboxesDouble {
  const infos: SandboxInfo[] = []
  const texts = new Map<string, string>()
  const unheard = new Set<string>()
  const ended: SandboxInfo[] = []
  return {
    infos,
    texts,
    unheard,
    forgetEnded: () => void (ended.length = 0),
    acquire: () => Promise.reject(new Error('this double starts nothing')),
    list: () => [...infos],
    listAll: async () => [...infos],
    idPrefix: 'test-',
    async logs(id) {
      const info = [...infos, ...ended].find((one) => one.id === id)
      return info === undefined ? null : { userId: info.userId, server: info.server, text: texts.get(id) ?? '' }
    },
    async output(id, after) {
      const info = [...infos, ...ended].find((one) => one.id === id)
      if (info === undefined) return null
      const text = texts.get(id) ?? ''
      const [name, offset] = (after || 'test-0').split('-')
      const isKnown = name === 'test' && Number(offset) <= text.length
      const isUnheard = unheard.has(id)
      const whose = { userId: info.userId, server: info.server, isUnheard }
      if (isUnheard) return { ...whose, text: '', mark: after ?? '', hasGap: false }
      return { ...whose, text: text.slice(isKnown ? Number(offset) : 0), mark: `test-${text.length}`, hasGap: !isKnown }
    },
    async stopOne(id) {
      await this.stopWhere((info) => info.id === id, 'stopped')
    },
    async stopWhere(predicate) {
      const stopped = infos.filter(predicate)
      for (const info of stopped) ended.push(...infos.splice(infos.indexOf(info), 1))
      return stopped.length
    },
    forget: async () => {},
    separation: { kind: 'Uid', message: 'each user has an account of their own' },
    start: async () => {},
    stop: async () => {},
  }
}

export function buildSandboxInfo(over: Partial<SandboxInfo> & Pick<SandboxInfo, 'userId'>): SandboxInfo {
  return {
    id: `box-${randomBytes(6).toString('hex')}`,
    server: 'files',
    username: null,
    sessionId: null,
    state: 'Running',
    pid: 4711,
    startedAt: '2026-01-01T00:00:00.000Z',
    lastActiveAt: '2026-01-01T00:00:01.000Z',
    memoryBytes: 1024,
    lastFault: null,
    idleInSeconds: 60,
    progress: null,
    ...over,
  }
}

export function buildSession(over: Pick<SessionRow, 'userId' | 'keyId'>): SessionRow {
  return {
    id: randomBytes(12).toString('hex'),
    revision: '2025-11-25',
    clientName: 'cursor',
    clientVersion: '1.0',
    endpoint: '/mcp',
    openedAt: new Date('2026-01-01T00:00:00Z'),
    lastSeenAt: new Date('2026-01-01T00:00:01Z'),
    endedAt: null,
    ...over,
  }
}

export interface DiscoveriesDouble extends KnownDiscoveries {
  /** `userId` null: shared */
  put(server: string, userId: string | null, tools: readonly string[]): void
  /** as the server says them; `put` makes tools of one's own words */
  putTools(server: string, userId: string | null, tools: readonly Readonly<Record<string, unknown>>[]): void
  onChange(listener: (userId: string | null) => void): () => void
  /** faults of discoveries by server */
  readonly faults: Map<string, string>
}

export function createDiscoveriesDouble(): DiscoveriesDouble {
  const known = new Map<string, Discovery>()
  const faults = new Map<string, string>()
  const listeners = new Set<(userId: string | null) => void>()
  return {
    faults,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    put(server, userId, tools) {
      this.putTools(
        server,
        userId,
        tools.map((name) => ({ name, description: `does ${name}` })),
      )
    },
    putTools(server, userId, tools) {
      known.set(`${server} ${userId}`, {
        server,
        userId,
        configHash: 'x',
        revision: '2025-11-25',
        capabilities: {},
        serverInfo: null,
        instructions: null,
        tools,
        resources: [],
        resourceTemplates: [],
        prompts: [],
        discoveredAt: new Date('2026-01-01T00:00:00Z'),
      })
      for (const listener of listeners) listener(userId)
    },
    find: (userId, server) => known.get(`${server.name} ${userId}`) ?? known.get(`${server.name} null`) ?? null,
    async prepare(_principal, servers) {
      return servers.map(({ name }) => {
        const message = faults.get(name) ?? null
        return { name, state: message === null ? 'Ready' : 'Failed', message }
      })
    },
  }
}

export const health = (server: string, over: Partial<ServerHealth> = {}): ServerHealth => {
  return { server, links: 0, lastSuccessAt: null, lastFault: null, ...over }
}
