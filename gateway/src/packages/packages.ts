// Port: npm packages of stdio servers, installed beforehand into the hub's data folder; never at call time.
import type { PackageSpec } from '@mcphub/api'

export type PackageState =
  | { readonly state: 'Ready'; readonly command: readonly string[]; readonly folder: string }
  | { readonly state: 'Installing'; readonly message: string }
  | { readonly state: 'Failed'; readonly message: string; readonly retryAt: string | null }
  | { readonly state: 'Absent' }

export interface Packages {
  /** What is known now; cheap. `command` is argv[0…]: the runtime and the package's entry. */
  state(spec: PackageSpec): PackageState
  /** Installs what is absent (one install at a time, kept lock, integrity, scripts off but for `allowScripts`); idempotent. */
  ensure(spec: PackageSpec): Promise<PackageState>
  onChange(listener: (spec: PackageSpec, state: PackageState) => void): () => void
}
