// The 2026-07-28 envelope: what every modern request says of itself in `_meta`, and the headers that must repeat the body.
import { HubError } from '@mcphub/api'
import type { JsonObject } from '../upstream/upstreams.ts'
import type { McpHeaders } from './classify.ts'
import { decodeHeaderValue } from './header-values.ts'
import { isObject, type RpcRequest } from './message.ts'

export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  subscriptionId: 'io.modelcontextprotocol/subscriptionId',
} as const

const NAME_SOURCE: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
}

/** Which parameter `Mcp-Name` repeats; undefined where a method names nothing. */
export function nameParamOf(method: string): string | undefined {
  return Object.hasOwn(NAME_SOURCE, method) ? NAME_SOURCE[method] : undefined
}

export interface ModernEnvelope {
  readonly revision: string
  readonly clientCapabilities: JsonObject
  readonly clientInfo: JsonObject | null
}

/** @throws HubError `invalid_params` (a required key is missing), `header_mismatch` */
export function readEnvelope(request: RpcRequest, headers: McpHeaders): ModernEnvelope {
  const meta = request.params?.['_meta'] as JsonObject
  const capabilities = meta[META.clientCapabilities]
  if (!isObject(capabilities)) {
    throw new HubError('invalid_params', `"_meta" needs an object "${META.clientCapabilities}"`, {
      data: { missing: [META.clientCapabilities] },
    })
  }
  const info = meta[META.clientInfo]
  if (info !== undefined && !isObject(info)) {
    throw new HubError('invalid_params', `"${META.clientInfo}" must be an object`)
  }
  checkHeaders(request, headers)
  return {
    revision: meta[META.protocolVersion] as string,
    clientCapabilities: capabilities,
    clientInfo: info ?? null,
  }
}

function checkHeaders(request: RpcRequest, headers: McpHeaders): void {
  if (headers.version === undefined) throw mismatch('MCP-Protocol-Version is missing')
  if (headers.method === undefined) throw mismatch('Mcp-Method is missing')
  if (headers.method.trim() !== request.method) throw mismatch('Mcp-Method does not match the method in the body')
  const source = nameParamOf(request.method)
  if (source !== undefined) checkName(headers.name, request.params?.[source], source)
}

function checkName(header: string | undefined, inBody: unknown, source: string): void {
  if (header === undefined) {
    if (typeof inBody === 'string') throw mismatch('Mcp-Name is missing')
    return
  }
  const decoded = decodeHeaderValue(header.trim())
  if (decoded === null) throw mismatch('Mcp-Name is not valid base64')
  if (decoded !== inBody) throw mismatch(`Mcp-Name does not match params.${source}`)
}

function mismatch(message: string): HubError {
  return new HubError('header_mismatch', message)
}
