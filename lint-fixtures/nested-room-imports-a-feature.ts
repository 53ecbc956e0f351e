// file: gateway/src/mcp/upstream/bad.ts
// fires: eslint(no-restricted-imports) rooms do not know features
import { createKeys } from '../../features/keys/keys-service.ts'

export const keys = createKeys
