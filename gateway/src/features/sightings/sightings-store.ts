// Where it is kept which keys are watched, and what was seen of them.
import type { CodeParams, SightingKind } from '@mcphub/api'
import type { Unit } from '../../db/unit.ts'

export interface Sighting {
  readonly at: Date
  readonly kind: SightingKind
  /** as the client calls itself */
  readonly client: string | null
  readonly params: CodeParams
}

export interface WatchedKey {
  readonly keyId: string
  readonly userId: string
  /** auth/key-prefix.ts, in hex; null for keys made before there were prefixes */
  readonly prefix: string | null
  readonly until: Date
}

/** How many of one key are kept. */
export const SIGHTINGS_KEPT = 20

export interface SightingsStore {
  /** From now on, by the database's clock. Null: this person has no such living key. */
  watch(unit: Unit, key: { readonly userId: string; readonly id: string }, forMs: number): Promise<Date | null>
  /** Living keys that are watched now. */
  listWatched(): Promise<readonly WatchedKey[]>
  /** The newest stay. False: the key is gone. */
  add(unit: Unit, keyId: string, sighting: Sighting): Promise<boolean>
  /** Newest first. Null: this person has no such living key. */
  find(key: { readonly userId: string; readonly id: string }): Promise<KeySightings | null>
}

export interface KeySightings {
  readonly items: readonly Sighting[]
  /** null: not watched now */
  readonly watchedUntil: Date | null
}
