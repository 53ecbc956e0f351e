// Values of `${USER_*}` and `${ORG_*}`: checked on save, sealed at rest, shown only masked (design.md §5).
import type { UserVariableSpec } from '@mcphub/api'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { Variables } from '../../secrets/variables.ts'

export interface VariableInfo {
  readonly name: string
  /** `maskValue` of @mcphub/api; of an organisation variable nothing at all */
  readonly masked: string
  readonly updatedAt: Date
  /** servers whose manifests name it now */
  readonly usedBy: readonly string[]
}

/** One field of a form that nobody wrote by hand: computed from the catalogue. */
export interface EnvTemplateField {
  readonly name: string
  readonly label: string | null
  readonly help: string | null
  readonly required: boolean
  readonly secret: boolean
  readonly format: UserVariableSpec['format']
  readonly pattern: string | null
  readonly isSet: boolean
}

export interface EnvTemplate {
  readonly server: string
  readonly displayName: string | null
  readonly description: string | null
  readonly fields: readonly EnvTemplateField[]
}

export interface SavedVariable extends VariableInfo {
  /** false: the masked placeholder came back and the value stayed as it was */
  readonly changed: boolean
}

/** Every method throws HubError; `invalid_params` carries one fault per variable (field = its name) and never a value. */
export interface VariablesService extends Variables {
  list(userId: string): Promise<readonly VariableInfo[]>
  /** All or nothing. A masked placeholder leaves its variable as it is. */
  set(userId: string, values: Readonly<Record<string, string>>): Promise<readonly SavedVariable[]>
  /** False when it was not set. */
  unset(userId: string, name: string): Promise<boolean>
  listOrg(): Promise<readonly VariableInfo[]>
  setOrg(values: Readonly<Record<string, string>>): Promise<readonly SavedVariable[]>
  unsetOrg(name: string): Promise<boolean>
  /** Forms for these servers (default: the whole catalogue); servers without user variables are left out. */
  envTemplates(userId: string, servers?: Iterable<CatalogServer>): Promise<readonly EnvTemplate[]>
  /** Wraps every value's key again under the current key of the ring: resumable, safe under load. `failed` = rows no key of the ring opens. */
  reseal(signal?: AbortSignal): Promise<{ readonly resealed: number; readonly failed: number }>
}
