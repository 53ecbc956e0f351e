// The SessionStore of the endpoint: rows written in batches off the hot path, tombstones in memory on every replica.
import type { ChangeSource, Transactor } from '../../db/unit.ts'
import type { SessionRow, SessionStore } from '../../mcp/downstream/session-store.ts'
import { createEndings } from './endings.ts'
import type { OpenedSession, SessionsStore } from './sessions-store.ts'

export interface SessionLogDeps {
  readonly store: SessionsStore
  readonly transactor: Transactor
  readonly changes: ChangeSource
  readonly flushMs?: number
  /** rows that may wait while the database is away; beyond it the lists miss some, sessions themselves lose nothing */
  readonly maxQueued?: number
  readonly onFault?: (step: string, error: unknown) => void
}

export interface SessionLog extends SessionStore {
  /** Reads the tombstones: before it no session may be served. @throws HubError `database_unavailable` */
  start(): Promise<void>
  stop(): Promise<void>
  flush(): Promise<void>
}

const FLUSH_MS = 1_000
const PRUNE_MS = 3_600_000
const KEEP_MS = 7 * 24 * 3_600_000
const LIST_LIMIT = 1_000
/** Client names are the client's text. */
const NAME_LENGTH = 128

const short = (text: string | null): string | null => text?.replaceAll('\0', '').slice(0, NAME_LENGTH) ?? null

export function createSessionLog(deps: SessionLogDeps): SessionLog {
  const { store, transactor, maxQueued = 10_000 } = deps
  const endings = createEndings(store, transactor)
  const tombstones = new Map<string, number>()
  let opened = new Map<string, OpenedSession>()
  let touched = new Map<string, Date>()
  let last: Promise<void> = Promise.resolve()
  let timers: NodeJS.Timeout[] = []

  async function readTombstones(): Promise<void> {
    for (const { id, until } of await store.listTombstones()) tombstones.set(id, until.getTime())
  }

  deps.changes.subscribe('sessions', (subjects) => {
    if (!subjects)
      return void readTombstones().catch((thrown: unknown) => deps.onFault?.('read ended sessions', thrown))
    for (const subject of subjects) {
      const [id, until] = subject.split('/') as [string, string]
      tombstones.set(id, Number(until))
    }
  })

  async function write(): Promise<void> {
    if (opened.size === 0 && touched.size === 0) return
    const [rows, seen] = [opened, touched]
    opened = new Map()
    touched = new Map()
    try {
      await store.write(
        [...rows.values()],
        [...seen].map(([id, at]) => ({ id, at })),
      )
    } catch (thrown) {
      opened = new Map([...rows, ...opened])
      touched = new Map([...seen, ...touched])
      throw thrown
    }
  }

  function flush(): Promise<void> {
    const run = last.then(write)
    last = run.catch(() => undefined)
    return run
  }

  function prune(): Promise<void> {
    const now = Date.now()
    for (const [id, until] of tombstones) if (until <= now) tombstones.delete(id)
    return store.prune(new Date(now - KEEP_MS))
  }

  function every(ms: number, what: string, work: () => Promise<void>): NodeJS.Timeout {
    return setInterval(() => void work().catch((thrown: unknown) => deps.onFault?.(what, thrown)), ms).unref()
  }

  return {
    opened: (row) => {
      if (opened.size < maxQueued)
        opened.set(row.id, { ...row, clientName: short(row.clientName), clientVersion: short(row.clientVersion) })
    },
    touched: (id, at) => {
      if (touched.size < maxQueued || touched.has(id)) touched.set(id, at)
    },
    end: (id, userId, until) => endings.end({ id, userId, until }),
    isEnded: (id) => (tombstones.get(id) ?? 0) > Date.now(),
    list: async (userId): Promise<readonly SessionRow[]> => {
      await flush()
      return store.list(userId, LIST_LIMIT)
    },
    find: async (id) => {
      await flush()
      return store.find(id)
    },
    flush,
    start: async () => {
      await readTombstones()
      timers = [every(deps.flushMs ?? FLUSH_MS, 'write sessions', flush), every(PRUNE_MS, 'forget old sessions', prune)]
    },
    stop: async () => {
      for (const timer of timers) clearInterval(timer)
      await flush().catch((thrown: unknown) => deps.onFault?.('write sessions', thrown))
    },
  }
}
