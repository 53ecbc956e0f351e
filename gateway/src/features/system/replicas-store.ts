// Where the replicas of the hub say that they are there.
export interface ReplicaFacts {
  readonly sessions: number
  readonly callsInFlight: number
  readonly callsQueued: number
  readonly connections: number
  readonly memoryBytes: number
}

export interface ReplicaRow {
  readonly name: string
  readonly version: string
  readonly startedAt: Date
  /** by the database's clock */
  readonly seenAt: Date
  readonly facts: ReplicaFacts
}

export interface DatabaseFacts {
  readonly version: string
  readonly sizeBytes: number
}

export interface SealedFacts {
  readonly sealed: number
  readonly behind: number
}

export interface ReplicasStore {
  /** Says that this one is there, and forgets those that have not been heard of for a day. */
  beat(replica: Omit<ReplicaRow, 'seenAt'>): Promise<void>
  leave(name: string): Promise<void>
  /** Heard of within these ms, by name; `now` by the database's clock. */
  list(withinMs: number): Promise<{ readonly now: Date; readonly replicas: readonly ReplicaRow[] }>
  describeDatabase(): Promise<DatabaseFacts>
  /** Values that are sealed, and those of them that are not by this key. */
  countSealed(keyId: string): Promise<SealedFacts>
}
