// Where it is kept which definitions of tools were seen and what was decided of them. A verdict is of a server, a tool and a hash, for all; a
// person's own discovery only counts how many are shown it, and leaves no text (a schema may hold what is theirs).
import type { ToolChangeState } from '@mcphub/api'
import type { Unit } from '../../db/unit.ts'

export interface Verdict {
  readonly server: string
  readonly tool: string
  /** hex */
  readonly sha256: string
  /** `flagged`: nobody has decided */
  readonly state: ToolChangeState
}

export interface SeenDefinition {
  readonly tool: string
  readonly sha256: string
  /** JSON; null: a person's own */
  readonly text: string | null
}

export interface Seen {
  readonly server: string
  /** null: what everybody is shown */
  readonly userId: string | null
  readonly definitions: readonly SeenDefinition[]
}

export interface ToolChange extends Verdict {
  readonly id: string
  readonly definition: unknown
  /** the approved one before it */
  readonly before: unknown
  /** null: it was in what everybody is shown */
  readonly people: number | null
  readonly firstSeenAt: Date
  readonly decidedAt: Date | null
}

export interface ToolChangeListing {
  readonly server?: string
  readonly state?: ToolChangeState
  /** servers that hold back what nobody has decided on */
  readonly holding: readonly string[]
  readonly limit: number
  readonly after?: { readonly at: Date; readonly id: string }
}

export interface ToolChangesStore {
  /** All, or those of these servers. */
  loadVerdicts(servers: ReadonlySet<string> | null): Promise<readonly Verdict[]>
  /**
   * Of a tool the first definition is approved, another is flagged; what nobody is shown any more and nobody decided on goes. One at a time for a
   * server, over all replicas. @returns whether a verdict came or went
   */
  record(unit: Unit, seen: Seen): Promise<boolean>
  /** What is not approved, and what somebody approved; newest first. */
  list(listing: ToolChangeListing): Promise<readonly ToolChange[]>
  get(id: string): Promise<ToolChange | null>
  /** Null: there is none of this id. @returns its server */
  decide(
    unit: Unit,
    id: string,
    decision: { readonly state: 'approved' | 'held'; readonly by: string },
  ): Promise<string | null>
}

export interface KnownVerdict extends Verdict {
  readonly hasText: boolean
}

export interface RecordPlan {
  readonly insert: readonly (SeenDefinition & { readonly state: ToolChangeState })[]
  /** known from people's own discoveries so far: now everybody is shown it */
  readonly fill: readonly SeenDefinition[]
  /** of them the person is counted */
  readonly unapproved: readonly SeenDefinition[]
}

/** What to write, from what is known of these tools. Pure: the same for every store. */
export function planRecord({ definitions, userId }: Seen, known: readonly KnownVerdict[]): RecordPlan {
  const tools = new Set(known.map(({ tool }) => tool))
  const byKey = new Map(known.map((verdict) => [`${verdict.tool} ${verdict.sha256}`, verdict]))
  const find = ({ tool, sha256 }: SeenDefinition): KnownVerdict | undefined => byKey.get(`${tool} ${sha256}`)
  return {
    insert: definitions
      .filter((one) => find(one) === undefined)
      .map((one) => ({ ...one, state: tools.has(one.tool) ? 'flagged' : 'approved' })),
    fill: userId === null ? definitions.filter((one) => find(one)?.hasText === false) : [],
    unapproved: definitions.filter((one) => tools.has(one.tool) && find(one)?.state !== 'approved'),
  }
}
