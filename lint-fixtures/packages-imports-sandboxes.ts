// file: gateway/src/packages/bad.ts
// fires: eslint(no-restricted-imports) gateway/src/packages may not import values of this room
import { thing } from '../sandboxes/thing.ts'

export const taken = thing
