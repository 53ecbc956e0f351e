// file: gateway/src/catalog/bad.ts
// fires: eslint(no-restricted-imports) gateway/src/catalog may not import values of this room
import { thing } from '../access/thing.ts'

export const taken = thing
