// file: gateway/src/auth/bad.ts
// fires: eslint(no-restricted-imports) gateway/src/auth may not import values of this room
import { thing } from '../mcp/thing.ts'

export const taken = thing
