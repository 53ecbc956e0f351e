// The part of a discovery that is kept as one JSON text.
import type { Discovery } from '../../mcp/discovery/discovery-store.ts'

export type DiscoveryBody = Omit<Discovery, 'server' | 'userId' | 'configHash' | 'discoveredAt'>

export function toBody(discovery: Discovery): string {
  const { server: _, userId: __, configHash: ___, discoveredAt: ____, ...body } = discovery
  return JSON.stringify(body)
}

/** Null: written by a version that knew another form; it is discovered again. */
export function parseBody(text: string): DiscoveryBody | null {
  const body = JSON.parse(text) as Partial<DiscoveryBody>
  const lists = [body.tools, body.resources, body.resourceTemplates, body.prompts]
  return typeof body.revision === 'string' && lists.every(Array.isArray) ? (body as DiscoveryBody) : null
}
