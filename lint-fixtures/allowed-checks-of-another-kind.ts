// file: operator/src/mcp-sandbox/good-neighbour.ts
// fires: nothing
import { findServerFault } from '../mcp-server/checks.ts'

export const fault = findServerFault
