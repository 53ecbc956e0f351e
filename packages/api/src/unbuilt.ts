// Types of servers that the schema knows and this version cannot run: one sentence for conditions, refusals and explanations.
import type { McpServerSpec } from './crds/mcp-server.ts'

/** Why no server of this type can be used, with what to do; null: it can. */
export function findUnbuilt({ type }: Pick<McpServerSpec, 'type'>): string | null {
  if (type === 'Remote' || type === 'Stdio') return null
  return `this version of MCPHub cannot run servers of type ${type}; delete it and create one of type Remote or Stdio`
}
