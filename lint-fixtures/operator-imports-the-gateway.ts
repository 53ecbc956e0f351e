// file: operator/src/bad-program.ts
// fires: eslint(no-restricted-imports) programs never import each other
import { readConfig } from '../../gateway/src/config.ts'

export const read = readConfig
