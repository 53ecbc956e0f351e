// Resource URIs on an endpoint with several servers: one that only one server names passes as it is, others are written
// `mcphub://<server>/<base64url>`, templates `mcphub://<server>/~<template>`. Whatever a client names belongs to one server or to none.
import type { JsonObject } from '../upstream/upstreams.ts'

const SCHEME = 'mcphub://'
const WRAPPED = /^mcphub:\/\/([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\/(.+)$/s

export interface UriRoute {
  readonly server: string
  /** as the server knows it */
  readonly uri: string
}

interface OfferedUris {
  readonly server: string
  readonly uris: readonly string[]
  readonly templates: readonly string[]
}

export interface UriTable {
  /** Whose resource this is; null = unknown. Only servers given to the table can be the answer. */
  route(uri: string): UriRoute | null
  routeTemplate(template: string): UriRoute | null
  /** The URI under which a client reaches this server's resource. */
  expose(server: string, uri: string): string
  /** The same for one message of many URIs. */
  exposer(server: string): (uri: string) => string
  exposeTemplate(server: string, template: string): string
}

/**
 * Templates and URIs are the servers' own text: comparing all of one message or list with all of another could hold everybody up for seconds.
 * After so many comparisons the rest is wrapped, which is never wrong, only less pretty.
 */
const MOST_COMPARISONS = 200_000
/** What no real template has; each is one more search through every URI. */
const MOST_EXPRESSIONS = 32

export function buildUriTable(offered: readonly OfferedUris[]): UriTable {
  const servers = new Set(offered.map((one) => one.server))
  const uris = indexUnique(offered.map((one) => ({ server: one.server, names: one.uris })))
  const templates = indexUnique(offered.map((one) => ({ server: one.server, names: one.templates })))
  const patterns = offered.flatMap(({ server, templates: own }) =>
    own.map((template) => ({ server, start: startOf(template), matches: compileTemplate(template) })),
  )

  function ownerOf(uri: string): string | null {
    const listed = uris.get(uri)
    if (listed !== undefined) return listed
    const matching = new Set(patterns.filter((pattern) => pattern.matches(uri)).map((pattern) => pattern.server))
    return matching.size === 1 ? [...matching][0]! : null
  }
  function unwrap(uri: string): UriRoute | null {
    const match = WRAPPED.exec(uri)
    if (match === null || !servers.has(match[1]!)) return null
    const [, server, rest] = match as unknown as [string, string, string]
    if (rest.startsWith('~')) return { server, uri: rest.slice(1) }
    const decoded = Buffer.from(rest, 'base64url')
    return decoded.toString('base64url') === rest ? { server, uri: decoded.toString('utf8') } : null
  }
  let templateComparisons = 0
  /** What a client makes of the template must belong to this server and to no other. */
  function isOwnTemplate(server: string, template: string): boolean {
    const start = startOf(template)
    if (start === '' || template.startsWith(SCHEME) || isExcessive(template)) return false
    templateComparisons += patterns.length + uris.size
    if (templateComparisons > MOST_COMPARISONS) return false
    const matches = compileTemplate(template)
    const overlaps = patterns.some(
      (other) => other.server !== server && (other.start.startsWith(start) || start.startsWith(other.start)),
    )
    return !overlaps && ![...uris].some(([uri, owner]) => owner !== server && matches(uri))
  }
  const wrap = (server: string, uri: string) => `${SCHEME}${server}/${Buffer.from(uri).toString('base64url')}`
  function expose(server: string, uri: string): string {
    const owner = ownerOf(uri)
    // A web address nobody lists is for the client to open itself (2025-11-25 server/resources, "https://").
    if (owner === server || (owner === null && !uris.has(uri) && /^https?:\/\//i.test(uri))) return uri
    return wrap(server, uri)
  }
  return {
    route(uri) {
      if (uri.startsWith(SCHEME)) return unwrap(uri)
      const server = ownerOf(uri)
      return server === null ? null : { server, uri }
    },
    routeTemplate(template) {
      if (template.startsWith(SCHEME)) return unwrap(template)
      const server = templates.get(template)
      return server === undefined || server === null ? null : { server, uri: template }
    },
    expose,
    exposer(server) {
      let comparisons = 0
      return (uri) => {
        if (!uris.has(uri)) comparisons += patterns.length
        return comparisons > MOST_COMPARISONS ? wrap(server, uri) : expose(server, uri)
      }
    },
    exposeTemplate(server, template) {
      return isOwnTemplate(server, template) ? template : `${SCHEME}${server}/~${template}`
    },
  }
}

/** name → its only server; null where several have it. */
function indexUnique(offered: readonly { server: string; names: readonly string[] }[]): Map<string, string | null> {
  const index = new Map<string, string | null>()
  for (const { server, names } of offered) {
    for (const name of names) {
      const known = index.get(name)
      if (known === undefined) index.set(name, name.startsWith(SCHEME) ? null : server)
      else if (known !== server) index.set(name, null)
    }
  }
  return index
}

function startOf(template: string): string {
  const brace = template.indexOf('{')
  return brace === -1 ? template : template.slice(0, brace)
}

const isExcessive = (template: string): boolean =>
  template.split('{', MOST_EXPRESSIONS + 2).length > MOST_EXPRESSIONS + 1

/** RFC 6570 by its literal parts: each expression stands for any text. Linear: parts are sought one after the other. */
function compileTemplate(template: string): (uri: string) => boolean {
  const parts = template.split(/\{[^{}]*\}/)
  if (parts.length === 1) return (uri) => uri === template
  const first = parts[0]!
  const last = parts[parts.length - 1]!
  // A template without a literal beginning would claim every URI.
  if (first === '' || isExcessive(template)) return () => false
  return (uri) => {
    if (uri.length < first.length + last.length || !uri.startsWith(first) || !uri.endsWith(last)) return false
    let at = first.length
    for (const part of parts.slice(1, -1)) {
      const found = uri.indexOf(part, at)
      if (found === -1) return false
      at = found + part.length
    }
    return at <= uri.length - last.length
  }
}

/** The bytes that may hold a URI to map; all other answers pass untouched. */
export function mayHoldUri(json: Buffer): boolean {
  return json.includes('"uri"') || json.includes('"resourceUri"')
}

/** Maps the URIs of a result where the protocol puts them; structured content is the tool's own data and stays. */
export function mapResultUris(result: JsonObject, expose: (uri: string) => string): JsonObject {
  for (const field of ['content', 'contents', 'messages', 'resources']) {
    const list = result[field]
    if (Array.isArray(list)) for (const item of list) mapItem(item, expose)
  }
  mapMetaUri(result, expose)
  return result
}

function mapItem(item: unknown, expose: (uri: string) => string): void {
  if (!isRecord(item)) return
  if (typeof item['uri'] === 'string') item['uri'] = expose(item['uri'])
  mapItem(item['resource'], expose)
  const { content } = item
  if (Array.isArray(content)) for (const part of content) mapItem(part, expose)
  else mapItem(content, expose)
  mapMetaUri(item, expose)
}

/** MCP apps: `_meta.ui.resourceUri` and the older `_meta["ui/resourceUri"]`. Changes the item it is given. */
export function mapMetaUri(item: JsonObject, expose: (uri: string) => string): void {
  const meta = item['_meta']
  if (!isRecord(meta)) return
  if (typeof meta['ui/resourceUri'] === 'string') meta['ui/resourceUri'] = expose(meta['ui/resourceUri'])
  const ui = meta['ui']
  if (isRecord(ui) && typeof ui['resourceUri'] === 'string') ui['resourceUri'] = expose(ui['resourceUri'])
}

function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
