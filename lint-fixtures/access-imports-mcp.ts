// file: gateway/src/access/bad.ts
// fires: eslint(no-restricted-imports) gateway/src/access may not import values of this room
import { thing } from '../mcp/thing.ts'

export const taken = thing
