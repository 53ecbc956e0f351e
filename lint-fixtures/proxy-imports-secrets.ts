// file: gateway/src/proxy/bad.ts
// fires: eslint(no-restricted-imports) gateway/src/proxy may not import values of this room
import { thing } from '../secrets/thing.ts'

export const taken = thing
