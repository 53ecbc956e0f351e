// file: gateway/src/mcp/downstream/good.ts
// fires: nothing
import type { Audit } from '../../features/audit.ts'

export type Its = Audit
