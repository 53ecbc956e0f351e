// Which tools a view shows, by what is known of its servers: as /mcp names them, without asking anybody.
import { buildExposedNames, type ToolResponse } from '@mcphub/api'
import type { Grant } from '../access/access.ts'
import type { Principal } from '../auth/principal.ts'
import { type KnownDiscoveries, listTools } from './known-tools.ts'

export function listVisibleTools(
  discoveries: Pick<KnownDiscoveries, 'find'>,
  { userId }: Pick<Principal, 'userId'>,
  grants: Iterable<Grant>,
): ToolResponse[] {
  const entries = [...grants].flatMap(({ server, allowsTool }) =>
    (listTools(discoveries.find(userId, server)) ?? [])
      .filter((tool) => allowsTool(tool.name))
      .map((tool) => ({ server: server.name, prefix: server.prefix, tool: tool.name, shown: tool })),
  )
  return [...buildExposedNames(entries).table].map(([name, { server, tool, shown }]) => {
    return { name, server, tool, title: shown.title, description: shown.description }
  })
}
