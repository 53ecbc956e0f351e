// file: cli/src/commands/bad.ts
// fires: eslint(no-restricted-imports) programs never import each other
import { seal } from '../../../gateway/src/secrets/seal.ts'

export const hide = seal
