// file: packages/api/src/bad.ts
// fires: eslint(no-restricted-imports) packages/api imports zod only
import { request } from 'undici'

export const call = request
