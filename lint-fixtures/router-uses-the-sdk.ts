// file: gateway/src/features/tools/bad-router.ts
// fires: eslint(no-restricted-imports) the MCP SDK lives in
import { Server } from '@modelcontextprotocol/server'

export const Its = Server
