// file: gateway/src/features/keys/bad-up.ts
// fires: eslint(no-restricted-imports) nobody imports upwards
import { readConfig } from '../../config.ts'

export const config = readConfig
