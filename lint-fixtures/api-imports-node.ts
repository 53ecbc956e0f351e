// file: packages/api/src/http/bad.ts
// fires: eslint(no-restricted-imports) packages/api imports zod only
import { readFileSync } from 'node:fs'

export const read = readFileSync
