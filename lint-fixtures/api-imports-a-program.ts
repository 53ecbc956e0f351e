// file: packages/api/src/bad-program.ts
// fires: eslint(no-restricted-imports) programs never import each other
import { start } from '../../../gateway/src/app.ts'

export const go = start
