// file: console/src/lib/bad-node.ts
// fires: eslint(no-restricted-imports) the console runs in a browser
import { readFile } from 'node:fs/promises'

export const read = readFile
