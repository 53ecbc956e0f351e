// Everything the hub's checks of itself look at, gathered into one value. A fact that could not be read is null: the check says so.
import type { CatalogFault } from '../../catalog/catalog.ts'
import type { PackageState } from '../../packages/packages.ts'
import type { Separation } from '../../sandboxes/sandboxes.ts'

export interface DatabaseFacts {
  readonly version: string
  /** migrations of this program that were not applied */
  readonly pendingMigrations: readonly string[]
  /** applied ones this program does not know: a newer hub has been here */
  readonly unknownMigrations: number
  /** the database's clock minus the hub's */
  readonly clockSkewMs: number
  readonly roundTripMs: number
  readonly activeAdmins: number
  /** ids of ring keys that seal at least one value */
  readonly sealingKeyIds: readonly string[]
}

export interface FileFacts {
  readonly path: string
  /** permission bits, e.g. 0o600 */
  readonly mode: number
  readonly isOwn: boolean
  readonly isWritable: boolean
}

/** How people get in by a browser. */
export interface DoorFacts {
  /** without a slash at its end; null: none is configured */
  readonly publicUrl: string | null
  /** null: this hub has no console */
  readonly console: { readonly isBuilt: boolean } | null
  readonly providers: readonly ProviderFacts[]
}

export interface ProviderFacts {
  readonly id: string
  readonly label: string
  /** null: nothing is wrong with it */
  readonly fault: string | null
}

export interface DoctorFacts {
  readonly mode: 'local' | 'kubernetes'
  readonly nodeVersion: string
  /** null: it cannot be reached */
  readonly database: DatabaseFacts | null
  readonly keyRing: { readonly file: FileFacts | null; readonly keyIds: readonly string[] }
  readonly dataFolder: FileFacts | null
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | null
  readonly catalog: { readonly servers: number; readonly faults: readonly CatalogFault[] }
  readonly packages: readonly { readonly server: string; readonly state: PackageState }[]
  readonly separation: Separation
  readonly listening: { readonly hosts: readonly string[]; readonly wanted: readonly string[]; readonly port: number }
  readonly demoKeyActive: boolean
  readonly doors: DoorFacts
  readonly sandboxFaults: readonly { readonly server: string; readonly message: string }[]
  readonly upstreamFaults: readonly { readonly server: string; readonly at: string; readonly message: string }[]
  readonly audit: { readonly lost: number; readonly queued: number }
  readonly eventLoopDelayP99Ms: number
  readonly openFiles: { readonly used: number; readonly limit: number } | null
  /** null: none is configured */
  readonly npmrc: { readonly path: string; readonly file: FileFacts | null } | null
  readonly memory: { readonly rssBytes: number; readonly availableBytes: number }
}
