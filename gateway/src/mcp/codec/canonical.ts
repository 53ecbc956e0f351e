// A hash that is the same for the same arguments however they were written, so that audit can tell "the same call again" without keeping values.
import { hash } from 'node:crypto'

export function hashArguments(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return hash('sha256', JSON.stringify(isSorted(value) ? value : sortKeys(value)), 'hex')
}

/** Depth is bounded by the parser. */
function sortKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sortKeys)
  const keys = Object.keys(value)
  sortFew(keys)
  const sorted: Record<string, unknown> = {}
  for (const key of keys) sorted[key] = sortKeys((value as Record<string, unknown>)[key])
  return sorted
}

/** By code units, as `Array.sort` does; which makes a copy of its own even for two. */
function sortFew(keys: string[]): void {
  if (keys.length > FEW) return void keys.sort()
  for (let at = 1; at < keys.length; at++) {
    const key = keys[at]!
    let to = at
    for (; to > 0 && keys[to - 1]! > key; to--) keys[to] = keys[to - 1]!
    keys[to] = key
  }
}
const FEW = 8

/** Most arguments come in an order already, or have one member: then nothing is copied. */
function isSorted(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every(isSorted)
  let before = ''
  for (const key in value) {
    if (key < before || !isSorted((value as Record<string, unknown>)[key])) return false
    before = key
  }
  return true
}
