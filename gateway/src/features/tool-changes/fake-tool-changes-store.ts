// ToolChangesStore in memory.
import { mintUuid } from '../../platform/uuid.ts'
import {
  planRecord,
  type Seen,
  type ToolChange,
  type ToolChangeListing,
  type ToolChangesStore,
  type Verdict,
} from './tool-changes-store.ts'

interface Row extends Verdict {
  readonly id: string
  readonly text: string | null
  readonly firstSeenAt: Date
  readonly decidedAt: Date | null
  /** counted as shown it */
  readonly people: Set<string>
}

export interface FakeToolChangesStore extends ToolChangesStore {
  /** throws while the database is away; may be replaced by a test */
  check: () => void
}

export function createFakeToolChangesStore(): FakeToolChangesStore {
  const rows = new Map<string, Row>()
  let clock = Date.now()
  const listOf = (server: string): Row[] => [...rows.values()].filter((row) => row.server === server)

  function record(seen: Seen): boolean {
    const { server, userId, definitions } = seen
    const tools = new Set(definitions.map(({ tool }) => tool))
    const known = listOf(server).filter(({ tool }) => tools.has(tool))
    const plan = planRecord(
      seen,
      known.map((row) => ({ ...row, hasText: row.text !== null })),
    )
    for (const { tool, sha256, text, state } of plan.insert) {
      const id = mintUuid()
      rows.set(id, {
        id,
        server,
        tool,
        sha256,
        state,
        text,
        firstSeenAt: new Date(clock++),
        decidedAt: null,
        people: new Set(),
      })
    }
    const isIn = (list: readonly { tool: string; sha256: string }[], row: Row): boolean =>
      list.some(({ tool, sha256 }) => tool === row.tool && sha256 === row.sha256)
    for (const row of listOf(server)) {
      const fill = plan.fill.find(({ tool, sha256 }) => tool === row.tool && sha256 === row.sha256)
      if (fill) rows.set(row.id, { ...row, text: fill.text })
      if (userId === null) continue
      if (isIn(plan.unapproved, row)) row.people.add(userId)
      else row.people.delete(userId)
    }
    const gone = listOf(server).filter(
      (row) =>
        row.state === 'flagged' &&
        row.people.size === 0 &&
        (row.text === null || (userId === null && !isIn(definitions, row))),
    )
    for (const { id } of gone) rows.delete(id)
    return plan.insert.length > 0 || gone.length > 0
  }

  function present(row: Row, holding: readonly string[]): ToolChange {
    const { id, server, tool, sha256, firstSeenAt, decidedAt, people, text } = row
    const at = ({ decidedAt: decided, firstSeenAt: seen }: Row): number => (decided ?? seen).getTime()
    const limit = decidedAt?.getTime() ?? Infinity
    const [before] = listOf(server)
      .filter((other) => other.tool === tool && other.state === 'approved' && other.id !== id && at(other) <= limit)
      .toSorted((a, b) => at(b) - at(a))
    return {
      ...{ id, server, tool, sha256, firstSeenAt, decidedAt },
      state: row.state === 'flagged' && holding.includes(server) ? 'held' : row.state,
      definition: text === null ? null : JSON.parse(text),
      before: before === undefined || before.text === null ? null : JSON.parse(before.text),
      people: text === null ? people.size : null,
    }
  }

  function list({ holding, server, state, after, limit }: ToolChangeListing): ToolChange[] {
    return [...rows.values()]
      .filter((row) => row.state !== 'approved' || row.decidedAt !== null)
      .map((row) => present(row, holding))
      .filter((change) => (server ?? change.server) === change.server && (state ?? change.state) === change.state)
      .toSorted((a, b) => b.firstSeenAt.getTime() - a.firstSeenAt.getTime())
      .filter(({ firstSeenAt }) => after === undefined || firstSeenAt < after.at)
      .slice(0, limit)
  }

  const fake: FakeToolChangesStore = {
    check: () => undefined,
    loadVerdicts: async (servers) => {
      fake.check()
      return [...rows.values()].filter(({ server }) => servers?.has(server) ?? true)
    },
    record: async (_unit, seen) => {
      fake.check()
      return record(seen)
    },
    list: async (listing) => list(listing),
    get: async (id) => {
      const row = rows.get(id)
      return row === undefined ? null : present(row, [])
    },
    decide: async (_unit, id, { state }) => {
      fake.check()
      const row = rows.get(id)
      if (row === undefined) return null
      rows.set(id, { ...row, state, decidedAt: new Date(clock++) })
      return row.server
    },
  }
  return fake
}
