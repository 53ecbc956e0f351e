// A call's parameters → the one server it is for, by the tables of the listing. What is not in the tables does not exist: hidden,
// forbidden and unknown names are refused by the same bytes (SES-8).
import { HubError } from '@mcphub/api'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { HeaderParam } from '../codec/header-params.ts'
import { isObject } from '../codec/message.ts'
import type { Listing, ToolRoute } from '../discovery/listing.ts'
import type { JsonObject } from '../upstream/upstreams.ts'

export interface CallRoute {
  readonly server: CatalogServer
  /** with the server's own names */
  readonly params: JsonObject
  /** the server's own name of what is called, for audit */
  readonly target: string
  readonly headerParams: readonly HeaderParam[]
}

type Router = (listing: Listing, params: JsonObject) => CallRoute

export const ROUTED_METHODS: Readonly<Record<string, Router>> = {
  'tools/call': (listing, params) => byName(listing.tools, params, 'tool'),
  'prompts/get': (listing, params) => byName(listing.prompts, params, 'prompt'),
  'resources/read': byUri,
  'resources/subscribe': byUri,
  'resources/unsubscribe': byUri,
  'completion/complete': byReference,
}

function byName(table: ReadonlyMap<string, ToolRoute>, params: JsonObject, what: 'tool' | 'prompt'): CallRoute {
  const { name } = params
  if (typeof name !== 'string') throw new HubError('invalid_params', '"name" must be a string')
  const route = table.get(name)
  if (route === undefined) throw new HubError('invalid_params', `Unknown ${what}`)
  return {
    server: route.server,
    params: route.name === name ? params : { ...params, name: route.name },
    target: route.name,
    headerParams: route.headerParams,
  }
}

function byUri(listing: Listing, params: JsonObject): CallRoute {
  const { uri } = params
  if (typeof uri !== 'string') throw new HubError('invalid_params', '"uri" must be a string')
  const found = listing.uris === null ? soleServer(listing, uri) : resolve(listing, listing.uris.route(uri))
  // named as a server names it (2026-07-28 server/resources): what was asked is all it tells
  if (found === null) throw new HubError('invalid_params', 'Unknown resource', { data: { uri } })
  return { server: found.server, params: { ...params, uri: found.uri }, target: found.uri, headerParams: [] }
}

function byReference(listing: Listing, params: JsonObject): CallRoute {
  const { ref } = params
  if (isObject(ref) && ref['type'] === 'ref/prompt') {
    const route = byName(listing.prompts, ref, 'prompt')
    return { ...route, params: { ...params, ref: { ...ref, name: route.target } } }
  }
  if (isObject(ref) && ref['type'] === 'ref/resource' && typeof ref['uri'] === 'string') {
    const { uri } = ref
    const { uris } = listing
    const found =
      uris === null ? soleServer(listing, uri) : resolve(listing, uris.routeTemplate(uri) ?? uris.route(uri))
    if (found === null) throw new HubError('invalid_params', 'Unknown resource')
    return {
      server: found.server,
      params: { ...params, ref: { ...ref, uri: found.uri } },
      target: found.uri,
      headerParams: [],
    }
  }
  throw new HubError('invalid_params', '"ref" must name a prompt or a resource template')
}

interface Found {
  readonly server: CatalogServer
  readonly uri: string
}

function soleServer(listing: Listing, uri: string): Found | null {
  for (const { grant } of listing.servers.values()) return { server: grant.server, uri }
  return null
}

function resolve(listing: Listing, route: { readonly server: string; readonly uri: string } | null): Found | null {
  const entry = route === null ? undefined : listing.servers.get(route.server)
  return entry === undefined || route === null ? null : { server: entry.grant.server, uri: route.uri }
}
