// file: gateway/src/platform/bad-program.ts
// fires: eslint(no-restricted-imports) programs never import each other
import { stop } from '../../../launcher/src/hub.ts'

export const end = stop
