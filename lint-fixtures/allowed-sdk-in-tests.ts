// file: gateway/src/mcp/upstream/good.test.ts
// fires: nothing
import { Client } from '@modelcontextprotocol/client'

export const Its = Client
