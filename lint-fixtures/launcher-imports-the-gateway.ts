// file: launcher/src/bad.ts
// fires: eslint(no-restricted-imports) programs never import each other
import type { Config } from '@mcphub/gateway/src/config.ts'

export type Its = Config
