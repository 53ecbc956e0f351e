// file: gateway/src/platform/bad.ts
// fires: eslint(no-restricted-imports) gateway/src/platform may not import values of this room
import { thing } from '../auth/thing.ts'

export const taken = thing
