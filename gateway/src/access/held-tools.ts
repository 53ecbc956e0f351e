// Port: tools whose definition is not the approved one and that may not be used until an administrator has looked (CON-9).
import type { CatalogServer } from '../catalog/catalog.ts'

export interface HeldTools {
  /** By the server's own names, of what this person is shown of it. Waits for nothing. */
  listHeld(server: CatalogServer, userId: string): ReadonlySet<string>
  /** Called with the user (null: everybody) for whom it may be others now. At most 1 s after a decision, on every replica. */
  onChange(listener: (userId: string | null) => void): () => void
}

const NONE: ReadonlySet<string> = new Set()

/** For what is told of a server as a whole, held tools included. */
export const NOTHING_HELD: Pick<HeldTools, 'listHeld'> = { listHeld: () => NONE }
