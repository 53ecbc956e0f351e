// URL → which endpoint and which key were named. Knows nothing of who exists.
import type { IncomingMessage } from 'node:http'
import { HubError, LIMITS } from '@mcphub/api'
import type { EndpointScope } from '../../access/access.ts'
import type { PresentedKey } from '../../auth/principal.ts'
import { readSingleHeader } from '../../platform/single-header.ts'

export interface Endpoint {
  readonly scope: EndpointScope
  /** canonical path: '/mcp', '/mcp/{server}', '/mcp/group/{name}' */
  readonly path: string
}

const SERVER_NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
const GROUP_NAME_LENGTH = 128
const ALL: Endpoint = { scope: { kind: 'all' }, path: '/mcp' }

/** @throws HubError `uri_too_long` */
export function splitUrl(url: string): { readonly path: string; readonly query: string } {
  if (url.length > LIMITS.urlBytes) throw new HubError('uri_too_long', 'The URL is too long')
  const mark = url.indexOf('?')
  return mark === -1 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) }
}

/** null: no endpoint has this path. */
export function parseEndpoint(path: string): Endpoint | null {
  if (path === '/mcp' || path === '/mcp/') return ALL
  if (!path.startsWith('/mcp/')) return null
  const rest = path.endsWith('/') ? path.slice(5, -1) : path.slice(5)
  if (path.startsWith('/mcp/group/')) return parseGroup(rest.slice(6))
  if (!SERVER_NAME.test(rest)) return null
  return { scope: { kind: 'server', name: rest }, path: `/mcp/${rest}` }
}

function parseGroup(encoded: string): Endpoint | null {
  if (encoded === '' || encoded.includes('/')) return null
  const name = decode(encoded)
  if (name === null || name.length > GROUP_NAME_LENGTH) return null
  return { scope: { kind: 'group', name }, path: `/mcp/group/${encodeURIComponent(name)}` }
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** @throws HubError `unauthenticated` when the query names two different keys, or the header stands twice */
export function readPresentedKey(req: IncomingMessage, query: string): PresentedKey {
  const header = readSingleHeader(req.rawHeaders, 'authorization')
  if (header === null) throw new HubError('unauthenticated', 'Not authenticated')
  const bearer = header !== undefined && /^bearer /i.test(header) ? header.slice(7).trim() : null
  return { query: query === '' ? null : readQueryKey(query), bearer }
}

function readQueryKey(query: string): string | null {
  // What editors send: nothing but the key.
  if (query.startsWith('key=') && !query.includes('&') && !query.includes('%')) return query.slice(4)
  const keys = new Set(new URLSearchParams(query).getAll('key'))
  if (keys.size > 1) throw new HubError('unauthenticated', 'Not authenticated')
  return [...keys][0] ?? null
}
