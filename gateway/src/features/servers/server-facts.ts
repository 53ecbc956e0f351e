// Gathers what is known of servers, for one user or (administrators' view) for nobody in particular. Starts nothing.
import type { Principal } from '../../auth/principal.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { ServerHealth } from '../../mcp/upstream/upstreams.ts'
import type { Grant } from '../../access/access.ts'
import type { PackageState, Packages } from '../../packages/packages.ts'
import type { Sandboxes } from '../../sandboxes/sandboxes.ts'
import type { Variables } from '../../secrets/variables.ts'
import { type KnownDiscoveries, listTools } from '../known-tools.ts'
import type { ServerFacts } from './server-status.ts'

export interface FactSources {
  readonly packages: Pick<Packages, 'state'>
  readonly variables: Pick<Variables, 'resolve'>
  readonly discoveries: KnownDiscoveries
  readonly sandboxes: Pick<Sandboxes, 'list'>
}

export async function gatherOwnFacts(
  sources: FactSources,
  principal: Principal,
  grants: readonly Grant[],
): Promise<ServerFacts[]> {
  const servers = grants.map((grant) => grant.server)
  const enabled = servers.filter((server) => server.spec.enabled)
  const notes = new Map((await sources.discoveries.prepare(principal, enabled, 0)).map((note) => [note.name, note]))
  // a child that all share is theirs, too
  const running = sources.sandboxes.list().filter(({ userId }) => userId === null || userId === principal.userId)
  return Promise.all(
    grants.map(async ({ server, allowsTool }) => {
      const note = notes.get(server.name)
      const tools = listTools(sources.discoveries.find(principal.userId, server))
      return {
        server,
        package: packageOf(sources, server),
        missing: (await sources.variables.resolve(principal.userId, server)).missing,
        toolCount: tools?.filter((tool) => allowsTool(tool.name)).length ?? null,
        fault: note?.state === 'Failed' ? note.message : null,
        sandboxes: running.filter((info) => info.server === server.name),
      }
    }),
  )
}

/** For administrators: what is shared by everybody. A person's missing variable is that person's matter. */
export async function gatherSharedFacts(
  sources: FactSources,
  server: CatalogServer,
  health: ServerHealth | undefined,
): Promise<ServerFacts> {
  const resolved = await sources.variables.resolve(null, server)
  return {
    server,
    package: packageOf(sources, server),
    missing: resolved.missing.filter((name) => name.startsWith('ORG_')),
    toolCount: listTools(sources.discoveries.find(null, server))?.length ?? null,
    hasAnswered: (health?.lastSuccessAt ?? null) !== null,
    fault: readFault(health),
    sandboxes: sources.sandboxes.list().filter((info) => info.server === server.name),
  }
}

function packageOf({ packages }: FactSources, { spec }: CatalogServer): PackageState | null {
  return spec.stdio?.package ? packages.state(spec.stdio.package) : null
}

function readFault(health: ServerHealth | undefined): string | null {
  if (!health?.lastFault) return null
  const isOver = health.lastSuccessAt !== null && health.lastSuccessAt >= health.lastFault.at
  return isOver ? null : health.lastFault.message
}
