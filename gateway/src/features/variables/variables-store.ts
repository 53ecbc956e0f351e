// Where sealed values are kept.
import type { Unit } from '../../db/unit.ts'
import type { SealedValue } from '../../secrets/seal.ts'

export interface StoredVariable {
  /** user id; null = the organisation */
  readonly owner: string | null
  readonly name: string
  readonly sealed: SealedValue
  /** new with every value */
  readonly version: string
  readonly updatedAt: Date
}

export interface VariablesStore {
  /** By name. */
  list(unit: Unit | null, owner: string | null): Promise<readonly StoredVariable[]>
  /** @throws HubError `not_found` when the user is gone */
  put(unit: Unit, variable: StoredVariable): Promise<void>
  remove(unit: Unit, owner: string | null, name: string): Promise<boolean>
  /** Some of those whose key is not this one; `skip` = how many of them to leave out. */
  listNotUnder(
    keyId: string,
    options: { readonly skip: number; readonly limit: number },
  ): Promise<readonly StoredVariable[]>
  /** Another wrapping of the same value: only if it still is that value under that key. */
  replaceSealed(variable: StoredVariable, sealed: SealedValue): Promise<boolean>
  /** Ids of all keys that values are sealed with. */
  keyIds(): Promise<readonly string[]>
}
