// What of an object has a shape that this operator does not know: its definition may be newer (a rollback leaves it). Fields that are unknown
// are left alone, and so are rules: they are the checks'.
import { presentFaults } from '@mcphub/api'
import { z } from 'zod'

const SHAPE: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value', 'invalid_union'])
const MOST_FAULTS = 5

export type ShapeFault = z.core.$ZodIssue

export function findShapeFaults(schema: z.ZodType, spec: unknown): readonly ShapeFault[] {
  return (schema.safeParse(spec).error?.issues ?? []).filter(({ code }) => SHAPE.has(code))
}

/** The sentence for its condition. */
export function sayUnreadable(faults: readonly ShapeFault[]): string {
  const shown = presentFaults(new z.ZodError([...faults]), MOST_FAULTS)
  const said = shown.map(({ field, message }) => `spec.${field}: ${message}`).join('; ')
  return `this version of the operator cannot read it: ${said}; mend it, or update MCPHub`
}
