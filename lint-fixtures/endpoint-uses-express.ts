// file: gateway/src/mcp/downstream/bad.ts
// fires: eslint(no-restricted-imports) express lives in
import type { Request } from 'express'

export type Its = Request
