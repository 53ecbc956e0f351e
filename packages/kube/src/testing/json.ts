// JSON as the API server handles it: merge patch (RFC 7386), the JSON patch operations that are in use (RFC 6902), equality.
import { isDeepStrictEqual } from 'node:util'

export type Json = null | boolean | number | string | Json[] | JsonMap
export interface JsonMap {
  [name: string]: Json
}

export const isMap = (value: Json | undefined): value is JsonMap =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

export const isSame = (one: unknown, other: unknown): boolean => isDeepStrictEqual(one, other)

/** A name or a number as text; '' for what is missing. */
export function textOf(value: Json | undefined): string {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? '' : JSON.stringify(value)
}

export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return structuredClone(patch)
  const merged: JsonMap = isMap(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name]
    else merged[name] = mergePatch(merged[name], value)
  }
  return merged
}

export interface Operation {
  readonly op: string
  readonly path: string
  readonly value?: Json
}

/** @throws TypeError when a path does not exist or a test does not hold */
export function jsonPatch(target: JsonMap, operations: readonly Operation[]): JsonMap {
  const result = structuredClone(target)
  for (const operation of operations) applyOperation(result, operation)
  return result
}

function applyOperation(root: JsonMap, { op, path, value = null }: Operation): void {
  const names = path
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = names.pop() ?? ''
  const parent = names.reduce<Json | undefined>(childOf, root)
  const known = childOf(parent, last)
  if (op !== 'add' && known === undefined) throw new TypeError(`${path} does not exist`)
  if (op === 'test' && !isSame(known, value)) throw new TypeError(`${path} is another value`)
  if (op === 'test') return
  if (Array.isArray(parent)) changeList(parent, last, op, value)
  else if (isMap(parent)) changeMap(parent, last, op, value)
  else throw new TypeError(`${path} does not exist`)
}

function changeList(list: Json[], at: string, op: string, value: Json): void {
  list.splice(at === '-' ? list.length : Number(at), op === 'add' ? 0 : 1, ...(op === 'remove' ? [] : [value]))
}

function changeMap(map: JsonMap, name: string, op: string, value: Json): void {
  if (op === 'remove') delete map[name]
  else map[name] = value
}

function childOf(parent: Json | undefined, name: string): Json | undefined {
  if (Array.isArray(parent)) return parent[Number(name)]
  return isMap(parent) && Object.hasOwn(parent, name) ? parent[name] : undefined
}
