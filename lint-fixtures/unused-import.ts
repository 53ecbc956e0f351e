// file: gateway/src/access/bad-unused.ts
// fires: eslint(no-unused-vars)
import { readFile } from 'node:fs/promises'

export const nothing = 0
