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

type JsonObject = Readonly<Record<string, unknown>>

export interface DescribedTool extends ListedTool {
  readonly inputSchema: JsonObject
  readonly outputSchema: JsonObject | null
  readonly annotations: JsonObject | null
}

/** The tools of a discovery as they may be shown; null where there is none. */
export function listTools(discovery: Discovery | null): ListedTool[] | null {
  if (discovery === null) return null
  return describeTools(discovery).map(({ name, title, description }) => ({ name, title, description }))
}

/** With their schemas as the server sent them. */
export function describeTools(discovery: Discovery): DescribedTool[] {
  return discovery.tools.flatMap((tool) => {
    const { name, title, description, inputSchema, outputSchema, annotations } = tool
    if (typeof name !== 'string') return []
    const described = { name, title: textOrNull(title), description: textOrNull(description) }
    const schemas = { inputSchema: objectOrNull(inputSchema) ?? {}, outputSchema: objectOrNull(outputSchema) }
    return [{ ...described, ...schemas, annotations: objectOrNull(annotations) }]
  })
}

const textOrNull = (value: unknown) => (typeof value === 'string' ? value : null)
const objectOrNull = (value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null
