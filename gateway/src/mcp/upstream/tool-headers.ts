// `x-mcp-header` (2026-07-28 server/tools): arguments of a tool that its schema wants mirrored as `Mcp-Param-<Name>`. A tool whose annotations are
// invalid mirrors nothing; the server then refuses the call itself.
import type { OwnHeader } from '../../proxy/headers.ts'
import { isObject } from '../codec/answer.ts'
import type { JsonObject } from './upstreams.ts'

export interface HeaderParam {
  readonly path: readonly string[]
  readonly name: string
}

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/
const MIRRORED = new Set(['string', 'integer', 'number', 'boolean'])
const LEVELS = 8

/** By tool name; only tools that mirror something. */
export function readToolHeaders(tools: readonly unknown[]): Map<string, readonly HeaderParam[]> {
  const table = new Map<string, readonly HeaderParam[]>()
  for (const tool of tools) {
    if (!isObject(tool) || typeof tool['name'] !== 'string' || !isObject(tool['inputSchema'])) continue
    const params = findParams(tool['inputSchema'], [])
    const names = new Set(params.map((param) => param.name.toLowerCase()))
    if (params.length > 0 && names.size === params.length) table.set(tool['name'], params)
  }
  return table
}

function findParams(schema: JsonObject, path: readonly string[]): HeaderParam[] {
  const { properties } = schema
  if (!isObject(properties) || path.length >= LEVELS) return []
  return Object.entries(properties).flatMap(([key, property]) => {
    if (!isObject(property)) return []
    const here = [...path, key]
    const name = property['x-mcp-header']
    const isMirrored = typeof name === 'string' && NAME.test(name) && MIRRORED.has(String(property['type']))
    return [...(isMirrored ? [{ path: here, name }] : []), ...findParams(property, here)]
  })
}

/** The headers of one call; absent, null and unfit values are left out. */
export function buildParamHeaders(params: readonly HeaderParam[], args: unknown): OwnHeader[] {
  return params.flatMap(({ path, name }) => {
    const value = path.reduce<unknown>((node, key) => (isObject(node) ? node[key] : undefined), args)
    const text = presentValue(value)
    return text === null ? [] : [{ name, value: text }]
  })
}

function presentValue(value: unknown): string | null {
  if (typeof value === 'string') return value.length <= 4096 ? value : null
  if (typeof value === 'boolean') return String(value)
  if (typeof value !== 'number' || !Number.isFinite(value)) return null
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? null : String(value)
}
