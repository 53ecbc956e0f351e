// file: gateway/src/mcp/bad.ts
// fires: eslint(no-restricted-imports) gateway/src/mcp may not import values of this room
import { thing } from '../sandboxes/thing.ts'

export const taken = thing
