// Where usage comes from: the audit, by the hour once an hour is over.
export interface UsageBucket {
  readonly at: Date
  readonly server: string
  readonly calls: number
  readonly errors: number
  readonly refused: number
  /** of all of them together, in ms */
  readonly durationMs: number
}

export interface UsageQuery {
  /** null: of everybody */
  readonly userId: string | null
  readonly from: Date
  readonly to: Date
  readonly bucket: 'hour' | 'day'
  /** of one server alone */
  readonly server?: string
  /** what is told apart; default both times and servers (`each`). What is not is `from`, or empty */
  readonly by?: 'each' | 'time' | 'server'
}

export interface ErrorGroup {
  readonly code: string
  readonly server: string | null
  readonly count: number
  readonly lastAt: Date
  /** the last five */
  readonly requestIds: readonly string[]
}

export interface UsageStore {
  /** Oldest first; then by server. */
  read(query: UsageQuery): Promise<readonly UsageBucket[]>
  /** What did not go well, those that came last first; at most 100 groups. `keyId`: by that key alone. */
  listErrors(query: {
    readonly userId: string
    readonly keyId: string | null
    readonly from: Date
  }): Promise<readonly ErrorGroup[]>
  /** Counts the hours that are over since the last time, again the last few of them, and drops those before `keepFrom`. One replica at a time. */
  rollUp(now: Date, keepFrom: Date): Promise<void>
}
