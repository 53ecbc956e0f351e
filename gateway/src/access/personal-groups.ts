// Port: a user's own on/off sets of servers. Implemented by features/groups.
export interface KnownGroup {
  readonly name: string
  readonly servers: ReadonlySet<string>
}

export interface PersonalGroups {
  /**
   * Names of the servers the user's active groups show; null = the user has no group at all, so nothing is narrowed.
   * Groups but none active = the empty set. Synchronous on a cache hit.
   */
  shown(userId: string): ReadonlySet<string> | null | Promise<ReadonlySet<string> | null>
  /** Servers of one group by name, active or not; null = no such group of this user. */
  group(userId: string, name: string): ReadonlySet<string> | null | Promise<ReadonlySet<string> | null>
  /** One group by its id, active or not, whatever it is called now; null = no such group of this user, or not any more. */
  byId(userId: string, groupId: string): KnownGroup | null | Promise<KnownGroup | null>
  /** Names of the user's groups, active or not, that have this server. */
  having(userId: string, server: string): readonly string[] | Promise<readonly string[]>
  onChange(listener: (userId: string) => void): () => void
}
