// Where the settings that administrators made in the console are kept, their secrets sealed.
import type { Unit } from '../../db/unit.ts'
import type { SealedValue } from '../../secrets/seal.ts'

export interface StoredProvider {
  readonly id: string
  /** `ProviderConfig` as it was saved; what an older or newer hub wrote is read with care */
  readonly config: unknown
  readonly sealed: SealedValue | null
  /** new with every change */
  readonly version: string
  readonly enabled: boolean
  readonly updatedAt: Date
}

export interface ProviderStore {
  /** By id. */
  list(unit: Unit | null): Promise<readonly StoredProvider[]>
  put(unit: Unit, provider: StoredProvider): Promise<void>
  remove(unit: Unit, id: string): Promise<boolean>
  /** Another wrapping of the same secret: only if it still is that one under that key. */
  replaceSealed(provider: StoredProvider, sealed: SealedValue): Promise<boolean>
  /** Ids of all keys that secrets are sealed with. */
  keyIds(): Promise<readonly string[]>
}
