// Port of the REST features: what a person may use at all. Their personal groups decide what an editor is shown, not what a list of
// servers or a form for variables is about.
import type { Grant } from '../access/access.ts'
import type { Principal } from '../auth/principal.ts'

/** The servers of a principal (entitlement and key scope, personal groups left aside), disabled ones too. */
export type Entitled = (principal: Principal) => Promise<readonly Grant[]>
