// `x-mcp-header`: tool arguments that a modern client repeats as `Mcp-Param-<Name>` headers. Reads the declarations of a schema, refuses
// hostile ones (the tool is then left out, SES-10), and compares headers with the body.
import type { IncomingHttpHeaders } from 'node:http'
import { HubError } from '@mcphub/api'
import type { JsonObject } from '../upstream/upstreams.ts'
import { decodeHeaderValue } from './header-values.ts'
import { isObject } from './message.ts'

export interface HeaderParam {
  /** header name in lower case */
  readonly header: string
  /** property names from the arguments' root */
  readonly path: readonly string[]
  readonly numeric: boolean
}

const KEY = 'x-mcp-header'
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const TYPES: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean'])
const DECIMAL = /^-?\d+(\.\d+)?$/

/** The declarations of a tool's inputSchema, or the reason why the tool must not be offered. */
export function readHeaderParams(schema: unknown): readonly HeaderParam[] | { readonly fault: string } {
  // Nearly every tool: nothing to look for.
  const written = JSON.stringify(schema)
  if (written === undefined || !written.includes(`"${KEY}"`)) return []
  const found: HeaderParam[] = []
  const fault = visit(schema, [], found)
  if (fault !== null) return { fault }
  const names = new Set(found.map((param) => param.header))
  return names.size === found.length ? found : { fault: 'two properties declare the same header' }
}

/** Walks `properties` only; an annotation anywhere else makes the tool invalid. */
function visit(node: unknown, path: readonly string[], found: HeaderParam[]): string | null {
  if (!isObject(node)) return Array.isArray(node) ? checkNoAnnotation(node) : null
  if (KEY in node) {
    const fault = addParam(node, path, found)
    if (fault !== null) return fault
  }
  for (const [key, value] of Object.entries(node)) {
    const fault = key === 'properties' ? visitProperties(value, path, found) : checkNoAnnotation(value)
    if (fault !== null) return fault
  }
  return null
}

function visitProperties(properties: unknown, path: readonly string[], found: HeaderParam[]): string | null {
  if (!isObject(properties)) return null
  for (const [name, child] of Object.entries(properties)) {
    const fault = visit(child, [...path, name], found)
    if (fault !== null) return fault
  }
  return null
}

function checkNoAnnotation(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null
  if (!Array.isArray(value) && KEY in value) return 'a header is declared where no argument can be found'
  for (const item of Object.values(value)) {
    const fault = checkNoAnnotation(item)
    if (fault !== null) return fault
  }
  return null
}

function addParam(node: JsonObject, path: readonly string[], found: HeaderParam[]): string | null {
  const name = node[KEY]
  if (path.length === 0) return 'a header is declared for the arguments as a whole'
  if (typeof name !== 'string' || !TOKEN.test(name)) return 'a declared header name is not a token'
  if (!TYPES.has(node['type'])) return 'a header is declared for something else than a string, integer or boolean'
  found.push({ header: `mcp-param-${name.toLowerCase()}`, path, numeric: node['type'] === 'integer' })
  return null
}

/** @throws HubError `header_mismatch` */
export function checkHeaderParams(params: readonly HeaderParam[], args: unknown, headers: IncomingHttpHeaders): void {
  for (const param of params) {
    const inBody = param.path.reduce<unknown>((node, key) => (isObject(node) ? node[key] : undefined), args)
    if (inBody === undefined || inBody === null || typeof inBody === 'object') continue
    if (!matches(headers[param.header], inBody, param.numeric)) {
      throw new HubError('header_mismatch', 'A Mcp-Param header is missing or does not match the body', {
        data: { header: param.header },
      })
    }
  }
}

function matches(header: string | string[] | undefined, inBody: unknown, numeric: boolean): boolean {
  if (typeof header !== 'string') return false
  const decoded = decodeHeaderValue(header.trim())
  if (decoded === null) return false
  if (numeric && typeof inBody === 'number' && DECIMAL.test(decoded)) return Number(decoded) === inBody
  return decoded === String(inBody)
}
