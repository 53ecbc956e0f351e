// file: gateway/src/db/bad.ts
// fires: eslint(no-restricted-imports) gateway/src/db may not import values of this room
import { thing } from '../platform/thing.ts'

export const taken = thing
