// What one user sees through one endpoint: the exposed names with the table that routes them, and the lists as ready bytes.
// Pure: made from grants, discoveries and notes; made again when one of them changes.
import { buildExposedNames, exposeToolName } from '@mcphub/api'
import type { Grant } from '../../access/access.ts'
import type { CatalogServer } from '../../catalog/catalog.ts'
import { readHeaderParams, type HeaderParam } from '../codec/header-params.ts'
import type { JsonObject } from '../upstream/upstreams.ts'
import type { ServerNote } from './discoveries.ts'
import type { Discovery } from './discovery-store.ts'
import { buildUriTable, mapMetaUri, type UriTable } from './resource-uris.ts'
import { needsTask } from './task-tools.ts'

export const LIST_KINDS = ['tools', 'prompts', 'resources', 'resourceTemplates'] as const
export type ListKind = (typeof LIST_KINDS)[number]

export interface ListingEntry {
  readonly grant: Grant
  readonly discovery: Discovery | null
  readonly note: ServerNote
}

export interface ToolRoute {
  readonly server: CatalogServer
  /** the server's own name of the tool or prompt */
  readonly name: string
  readonly headerParams: readonly HeaderParam[]
}

/** Left out of the lists, and why; for the log. */
export interface ListingFault {
  readonly server: string
  readonly item: string
  readonly reason: string
}

export interface Listing {
  readonly tools: ReadonlyMap<string, ToolRoute>
  readonly prompts: ReadonlyMap<string, ToolRoute>
  /** null: one server, URIs pass as they are */
  readonly uris: UriTable | null
  readonly servers: ReadonlyMap<string, ListingEntry>
  /** items as comma-separated JSON, one buffer a page; the same for both eras */
  readonly pages: Readonly<Record<ListKind, readonly Buffer[]>>
  /** `pages.tools` without what a client that makes no tasks of 2025-11-25 cannot call */
  readonly tasklessTools: readonly Buffer[]
  readonly toolCount: number
  readonly faults: readonly ListingFault[]
  /** servers of which nothing is known yet */
  readonly isComplete: boolean
}

/** A page larger than this would be a burden; few clients ask for the second one. */
const PAGE_BYTES = 2 * 1024 * 1024
const PAGE_ITEMS = 1000
/** Names that clients and models accept (2026-07-28 server/tools "Tool Names"); on a server's own endpoint they stay bare. */
const BARE = /^[A-Za-z0-9_.-]{1,128}$/

interface Offered {
  readonly server: string
  readonly prefix: string
  readonly tool: string
  readonly entry: ListingEntry
  readonly item: JsonObject
}

export function buildListing(entries: readonly ListingEntry[], isBare: boolean): Listing {
  const faults: ListingFault[] = []
  const sorted = [...entries].sort((a, b) => compare(a.grant.server.name, b.grant.server.name))
  const uris = isBare ? null : buildUriTable(sorted.map(readOfferedUris))
  const tools = nameAll(offeredTools(sorted, faults), isBare, faults)
  const prompts = nameAll(offeredPrompts(sorted), isBare, faults)
  const pagesOf = (shown: readonly [string, Offered][]) =>
    paginate(shown.map(([name, one]) => presentTool(name, one, uris)))
  const taskless = [...tools].filter(([, { entry, item }]) => !needsTask(item, entry.discovery))
  const toolPages = pagesOf([...tools])
  return {
    tools: toRoutes(tools),
    prompts: toRoutes(prompts),
    uris,
    servers: new Map(sorted.map((entry) => [entry.grant.server.name, entry])),
    pages: {
      tools: toolPages,
      prompts: paginate([...prompts].map(([name, { item }]) => ({ ...item, name }))),
      resources: paginate(sorted.flatMap((entry) => presentResources(entry, uris))),
      resourceTemplates: paginate(sorted.flatMap((entry) => presentTemplates(entry, uris))),
    },
    tasklessTools: taskless.length === tools.size ? toolPages : pagesOf(taskless),
    toolCount: tools.size,
    faults,
    isComplete: sorted.every((entry) => entry.discovery !== null),
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

function offeredTools(entries: readonly ListingEntry[], faults: ListingFault[]): Offered[] {
  return entries.flatMap((entry) => {
    const { server, allowsTool } = entry.grant
    return namedItems(entry, 'tools').filter(({ tool, item }) => {
      if (!allowsTool(tool)) return false
      const params = readHeaderParams(item['inputSchema'])
      if (!('fault' in params)) return true
      faults.push({ server: server.name, item: tool.slice(0, 128), reason: params.fault })
      return false
    })
  })
}

function offeredPrompts(entries: readonly ListingEntry[]): Offered[] {
  return entries.flatMap((entry) => namedItems(entry, 'prompts'))
}

function namedItems(entry: ListingEntry, field: 'tools' | 'prompts'): Offered[] {
  const { server } = entry.grant
  return (entry.discovery?.[field] ?? []).flatMap((item) => {
    const tool = item['name']
    if (typeof tool !== 'string' || tool === '') return []
    return [{ server: server.name, prefix: server.prefix, tool, entry, item }]
  })
}

/** Exposed name → item. Two that would share a name are both left out, and said so (SES-9). */
function nameAll(offered: readonly Offered[], isBare: boolean, faults: ListingFault[]): ReadonlyMap<string, Offered> {
  if (isBare) return nameBare(offered, faults)
  const { table, collisions } = buildExposedNames(offered)
  for (const { entries } of collisions) for (const one of entries) faults.push(collisionOf(one))
  return table
}

function nameBare(offered: readonly Offered[], faults: ListingFault[]): ReadonlyMap<string, Offered> {
  const table = new Map<string, Offered>()
  const refused = new Set<string>()
  for (const one of offered) {
    const name = BARE.test(one.tool) ? one.tool : exposeToolName(one.prefix, one.tool)
    const other = table.get(name)
    if (other === undefined && !refused.has(name)) table.set(name, one)
    else if (other?.tool !== one.tool) {
      faults.push(collisionOf(one))
      table.delete(name)
      refused.add(name)
    }
  }
  return table
}

function collisionOf(one: Offered): ListingFault {
  return { server: one.server, item: one.tool.slice(0, 128), reason: 'another tool would have the same name' }
}

function toRoutes(named: ReadonlyMap<string, Offered>): ReadonlyMap<string, ToolRoute> {
  const routes = new Map<string, ToolRoute>()
  for (const [name, { entry, tool, item }] of named) {
    const params = readHeaderParams(item['inputSchema'])
    const headerParams = 'fault' in params ? [] : params
    routes.set(name, { server: entry.grant.server, name: tool, headerParams })
  }
  return routes
}

function presentTool(name: string, { entry, tool, item }: Offered, uris: UriTable | null): JsonObject {
  const { server } = entry.grant
  const shown: JsonObject = { ...item, name }
  const override = server.spec.tools.overrides.find((one) => one.name === tool)
  if (override?.title !== undefined) shown['title'] = override.title
  if (override?.description !== undefined) shown['description'] = override.description
  return withMappedMeta(shown, server.name, uris)
}

function presentResources({ grant, discovery }: ListingEntry, uris: UriTable | null): JsonObject[] {
  const { name } = grant.server
  return (discovery?.resources ?? []).flatMap((item) => {
    const { uri } = item
    if (typeof uri !== 'string') return []
    if (uris === null) return [item]
    return [withMappedMeta({ ...item, uri: uris.expose(name, uri) }, name, uris)]
  })
}

function presentTemplates({ grant, discovery }: ListingEntry, uris: UriTable | null): JsonObject[] {
  const { name } = grant.server
  return (discovery?.resourceTemplates ?? []).flatMap((item) => {
    const { uriTemplate } = item
    if (typeof uriTemplate !== 'string') return []
    return uris === null ? [item] : [{ ...item, uriTemplate: uris.exposeTemplate(name, uriTemplate) }]
  })
}

/** Items belong to the discovery, which others read too: what is changed is copied first. */
function withMappedMeta(item: JsonObject, server: string, uris: UriTable | null): JsonObject {
  if (uris === null || item['_meta'] === undefined) return item
  const copy: JsonObject = { ...item, _meta: structuredClone(item['_meta']) }
  mapMetaUri(copy, (uri) => uris.expose(server, uri))
  return copy
}

function readOfferedUris({ grant, discovery }: ListingEntry) {
  const texts = (items: readonly JsonObject[], field: string) =>
    items.map((item) => item[field]).filter((value) => typeof value === 'string')
  return {
    server: grant.server.name,
    uris: texts(discovery?.resources ?? [], 'uri'),
    templates: texts(discovery?.resourceTemplates ?? [], 'uriTemplate'),
  }
}

function paginate(items: readonly JsonObject[]): Buffer[] {
  const pages: Buffer[] = []
  let page: string[] = []
  let bytes = 0
  for (const item of items) {
    const text = JSON.stringify(item)
    if (page.length > 0 && (page.length >= PAGE_ITEMS || bytes + text.length > PAGE_BYTES)) {
      pages.push(Buffer.from(page.join(',')))
      page = []
      bytes = 0
    }
    page.push(text)
    bytes += text.length
  }
  pages.push(Buffer.from(page.join(',')))
  return pages
}
