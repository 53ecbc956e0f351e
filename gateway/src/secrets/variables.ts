// Port: the values a server's manifest names, for one user. Implemented by features/variables.
import type { CatalogServer } from '../catalog/catalog.ts'
import type { Secret } from './secret.ts'

export interface ResolvedVariables {
  /** only names the manifest of that server names; USER_* of this user and ORG_* */
  readonly values: ReadonlyMap<string, Secret>
  /** required names without a value */
  readonly missing: readonly string[]
  /** changes whenever a value changes; reveals nothing of the values; part of every pool key */
  readonly version: string
}

export interface Variables {
  /** Synchronous on a cache hit. `userId` null (a shared child, a discovery start): USER_* count as missing. */
  resolve(userId: string | null, server: CatalogServer): ResolvedVariables | Promise<ResolvedVariables>
  /** Values of a user (null: organisation variables) changed; no names = any of them may have. ≤ 10 s on every replica. */
  onChange(listener: (userId: string | null, names: readonly string[]) => void): () => void
}
