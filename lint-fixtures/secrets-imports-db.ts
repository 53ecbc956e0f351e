// file: gateway/src/secrets/bad.ts
// fires: eslint(no-restricted-imports) gateway/src/secrets may not import values of this room
import { thing } from '../db/thing.ts'

export const taken = thing
