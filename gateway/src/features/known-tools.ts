// What the endpoint has learned of servers, as the REST features read it.
import type { Principal } from '../auth/principal.ts'
import type { CatalogServer } from '../catalog/catalog.ts'
import type { Discovery } from '../mcp/discovery/discovery-store.ts'

/** The part of mcp/discovery that is needed here. */
export interface KnownDiscoveries {
  find(userId: string | null, server: CatalogServer): Discovery | null
  /** starts what is missing for this user without waiting, and says where each server stands */
  prepare(
    principal: Principal,
    servers: readonly CatalogServer[],
    waitMs: number,
  ): Promise<readonly { readonly name: string; readonly state: string; readonly message: string | null }[]>
}

export interface ListedTool {
  readonly name: string
  readonly title: string | null
  readonly description: string | null
}

/** The tools of a discovery as they may be shown; null where there is none. */
export function listTools(discovery: Discovery | null): ListedTool[] | null {
  if (discovery === null) return null
  return discovery.tools.flatMap((tool) => {
    const { name, title, description } = tool
    if (typeof name !== 'string') return []
    return [{ name, title: textOrNull(title), description: textOrNull(description) }]
  })
}

const textOrNull = (value: unknown) => (typeof value === 'string' ? value : null)
