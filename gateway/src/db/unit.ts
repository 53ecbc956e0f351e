// A unit of work: services open transactions, stores take part in them, and what changed is told to every replica with the commit.

/** What a change concerns; `change-feed.ts` brings it to the subscribers of a topic on every replica. */
export type ChangeTopic =
  | 'identity'
  | 'users'
  | 'variables'
  | 'groups'
  | 'sessions'
  | 'keyring'
  | 'trust'
  | 'shims'
  | 'discoveries'
  | 'consoleSessions'
  | 'providers'
  | 'toolChanges'
  | 'watches'
  | 'sightings'

/** An open transaction. Opaque to services; each store knows its own kind. */
export interface Unit {
  /** Tells every replica, after the commit, that this subject (a user id, mostly) of a topic changed. */
  announce(topic: ChangeTopic, subject: string): void
}

export interface Transactor {
  /**
   * Runs the work in one transaction; anything thrown rolls it back. The work may run again after a deadlock, so it has no other effects.
   * @throws HubError `database_unavailable`; what the work throws passes
   */
  transaction<T>(work: (unit: Unit) => Promise<T>): Promise<T>
}

/** What other replicas (and this one) changed. Subjects null = anything of the topic may have changed: read all of it again. */
export type ChangeListener = (subjects: ReadonlySet<string> | null) => void

export interface ChangeSource {
  subscribe(topic: ChangeTopic, listener: ChangeListener): () => void
  /** How well this replica knows what others changed. */
  freshness(): Freshness
}

export interface Freshness {
  /** false from the first failed look until the next good one */
  readonly ok: boolean
  /** `Date.now()` when the last good look at the counter began; -Infinity before the first */
  readonly seenAt: number
}
