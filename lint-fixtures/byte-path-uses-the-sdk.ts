// file: gateway/src/mcp/upstream/bad-sdk.ts
// fires: eslint(no-restricted-imports) the MCP SDK lives in
import { Client } from '@modelcontextprotocol/client'

export const Its = Client
