// A hash that is the same for the same arguments however they were written, so that audit can tell "the same call again" without keeping values.
import { hash } from 'node:crypto'

export function hashArguments(value: unknown): string | null {
  if (value === undefined || value === null) return null
  return hash('sha256', JSON.stringify(sortKeys(value)), 'hex')
}

/** Depth is bounded by the parser. */
function sortKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sortKeys)
  const keys = Object.keys(value)
  if (keys.length > 1) keys.sort()
  const sorted: Record<string, unknown> = {}
  for (const key of keys) sorted[key] = sortKeys((value as Record<string, unknown>)[key])
  return sorted
}
