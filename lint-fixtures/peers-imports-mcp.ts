// file: gateway/src/peers/bad.ts
// fires: eslint(no-restricted-imports) gateway/src/peers may not import values of this room
import { thing } from '../mcp/thing.ts'

export const taken = thing
