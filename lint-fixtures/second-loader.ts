// file: gateway/src/access/bad-loader.ts
// fires: eslint(no-restricted-imports) no second module loader
import { createRequire } from 'node:module'

export const load = createRequire(import.meta.url)
