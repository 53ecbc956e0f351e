// The smallest merge patch (RFC 7386) that makes one JSON value of another. Lists are replaced whole: a merge patch knows no other way.
import { isDeepStrictEqual } from 'node:util'

type Fields = Readonly<Record<string, unknown>>

/** null when both say the same. A field that is undefined counts as missing. */
export function buildMergePatch(before: Fields, after: Fields): Fields | null {
  const patch: Record<string, unknown> = {}
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, wanted] = [before[name], after[name]]
    if (isDeepStrictEqual(old, wanted)) continue
    if (isFields(old) && isFields(wanted)) {
      const inner = buildMergePatch(old, wanted)
      if (inner) patch[name] = inner
    } else patch[name] = wanted ?? null
  }
  return Object.keys(patch).length === 0 ? null : patch
}

function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
