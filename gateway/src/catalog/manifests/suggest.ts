// "Did you mean …?" for a field that no schema knows: pure.
import type { z } from 'zod'

type Def = {
  type: string
  innerType?: z.ZodType
  element?: z.ZodType
  valueType?: z.ZodType
  shape?: Record<string, z.ZodType>
}

const defOf = (schema: z.ZodType): Def => schema._zod.def as unknown as Def

/** The schema below defaults and optionals. */
function unwrap(schema: z.ZodType): z.ZodType {
  let inner = schema
  for (let next = defOf(inner).innerType; next; next = defOf(inner).innerType) inner = next
  return inner
}

/** Names of the fields the schema knows at this path; empty where anything goes. */
export function knownFields(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: z.ZodType | undefined = unwrap(schema)
  for (const segment of path) {
    const def: Def = defOf(at)
    const next: z.ZodType | undefined = def.shape?.[String(segment)] ?? def.element ?? def.valueType
    if (!next) return []
    at = unwrap(next)
  }
  return Object.keys(defOf(at).shape ?? {})
}

/** The known name that differs by case, by a plural or by at most two typed characters (one for short names); null when none is near. */
export function suggestName(given: string, known: readonly string[]): string | null {
  const near = known
    .map((name) => ({ name, distance: editDistance(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= (Math.min(name.length, given.length) < 5 ? 1 : 2))
    .sort((a, b) => a.distance - b.distance)
  return near[0]?.name ?? null
}

function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replace = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replace, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
