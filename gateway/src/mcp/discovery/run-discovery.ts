// One discovery: handshake, then every list of the server, bounded in pages, items and bytes.
import { HubError } from '@mcphub/api'
import type { CatalogServer } from '../../catalog/catalog.ts'
import { isObject } from '../codec/message.ts'
import type { JsonObject, LinkOwner, Upstreams } from '../upstream/upstreams.ts'
import type { Discovery } from './discovery-store.ts'

const MAX_PAGES = 100
const MAX_ITEMS = 2000
const MAX_BYTES = 4 * 1024 * 1024

export interface DiscoveryRun {
  readonly upstreams: Upstreams
  readonly server: CatalogServer
  /** null: a start without anybody's values */
  readonly owner: LinkOwner | null
  /** to whom the outcome belongs; null = shared */
  readonly userId: string | null
  readonly signal: AbortSignal
}

/** @throws HubError when the handshake or the list of tools fails; other lists that fail count as empty */
export async function runDiscovery(run: DiscoveryRun): Promise<Discovery> {
  const { upstreams, server, owner, userId, signal } = run
  try {
    const said = await upstreams.describe(owner, server, signal)
    const has = (capability: string) => said.capabilities[capability] !== undefined
    const tools = has('tools') ? await listAll(run, 'tools/list', 'tools') : []
    const prompts = has('prompts') ? await listOptional(run, 'prompts/list', 'prompts') : []
    const resources = has('resources') ? await listOptional(run, 'resources/list', 'resources') : []
    const templates = has('resources') ? await listOptional(run, 'resources/templates/list', 'resourceTemplates') : []
    return {
      server: server.name,
      configHash: server.configHash,
      userId,
      revision: said.revision,
      capabilities: said.capabilities,
      serverInfo: said.serverInfo,
      instructions: said.instructions,
      tools,
      resources,
      resourceTemplates: templates,
      prompts,
      discoveredAt: new Date(),
    }
  } finally {
    if (owner === null) await upstreams.closeDiscovery(server).catch(() => undefined)
  }
}

async function listOptional(run: DiscoveryRun, method: string, field: string): Promise<JsonObject[]> {
  try {
    return await listAll(run, method, field)
  } catch (error) {
    // Many servers declare a capability and answer "method not found" to one of its lists.
    if (error instanceof HubError && error.code === 'upstream_error') return []
    throw error
  }
}

async function listAll(run: DiscoveryRun, method: string, field: string): Promise<JsonObject[]> {
  const items: JsonObject[] = []
  let bytes = 0
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page++) {
    const params = cursor === undefined ? {} : { params: { cursor } }
    const result = await run.upstreams.ask(run.owner, run.server, { method, ...params }, run.signal)
    for (const item of readItems(result[field])) {
      bytes += JSON.stringify(item).length
      items.push(item)
    }
    if (bytes > MAX_BYTES || items.length > MAX_ITEMS) {
      throw new HubError('upstream_error', `The server's ${field} are too many or too large`)
    }
    const next = result['nextCursor']
    if (typeof next !== 'string' || next === cursor) return items
    cursor = next
  }
  return items
}

function readItems(listed: unknown): JsonObject[] {
  return Array.isArray(listed) ? listed.filter(isObject) : []
}
