// file: operator/src/mcp-sandbox/bad-decision.ts
// fires: eslint(no-restricted-imports) what the operator decides is decided by pure functions
import { readFileSync } from 'node:fs'

export const limit = Number(readFileSync('/limit', 'utf8'))
