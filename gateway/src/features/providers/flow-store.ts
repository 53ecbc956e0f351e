// Where flows of logging in are kept between the way to the provider and the way back: by the hash of their state, so that any replica can
// finish what another began, and of two that try one does.
import type { Unit } from '../../db/unit.ts'

export interface FlowRow {
  readonly stateSha256: Buffer
  readonly browserSha256: Buffer
  /** id of the setting */
  readonly provider: string
  readonly nonce: string
  readonly verifier: { readonly keyId: string; readonly bytes: Buffer }
  readonly returnTo: string
  /** whose account is linked; null: somebody logs in */
  readonly linkUser: string | null
}

/** Every method throws HubError `database_unavailable`. */
export interface FlowStore {
  /** Forgets those that have run out. */
  put(flow: FlowRow, lifeMs: number): Promise<void>
  /** Once; null for one that is unknown, used, too old, or of another browser (which leaves it to the right one). */
  take(stateSha256: Buffer, browserSha256: Buffer): Promise<FlowRow | null>
  /**
   * True for whoever is first with it, on all replicas, within `lifeMs`: for what may be presented once. Part of what it is presented for: where
   * that fails, it was not presented.
   */
  claimOnce(unit: Unit, sha256: Buffer, lifeMs: number): Promise<boolean>
}
