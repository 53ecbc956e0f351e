// Where the gateways keep what they all sign with: one sealed row, made once, changed by whoever saw its last version.
import type { SealedValue } from '../secrets/seal.ts'

export interface StoredTrust {
  readonly version: number
  readonly sealed: SealedValue
}

export interface TrustStore {
  read(): Promise<StoredTrust | null>
  /** Of several that write at once the first one's value stays. */
  putIfAbsent(sealed: SealedValue): Promise<void>
  /** False: somebody else changed it since that version. Tells every replica. */
  replace(version: number, sealed: SealedValue): Promise<boolean>
}
