// file: gateway/src/sandboxes/bad.ts
// fires: eslint(no-restricted-imports) gateway/src/sandboxes may not import values of this room
import { thing } from '../access/thing.ts'

export const taken = thing
