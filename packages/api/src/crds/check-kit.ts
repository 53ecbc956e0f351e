// What the checks are written with: a check is `spec → faults`; the list of them reads as the specification.
import type { FieldFault } from '../errors.ts'
import { CPU, MEMORY } from './patterns.ts'

export type Check<Spec> = (spec: Spec) => FieldFault[]

export const fault = (field: string, message: string): FieldFault[] => [{ field, message }]
export const when = (violated: boolean, field: string, message: string): FieldFault[] =>
  violated ? fault(field, message) : []

export function duplicates(field: string, names: readonly string[], part = '.name'): FieldFault[] {
  const seen = new Set<string>()
  return names.flatMap((name, i) => {
    const again = seen.has(name)
    seen.add(name)
    return when(again, `${field}[${i}]${part}`, 'this name stands in the list twice; keep one')
  })
}

export const quantities = (
  field: string,
  { cpu, memory }: { cpu?: string | undefined; memory?: string | undefined },
): FieldFault[] => [
  ...when(cpu !== undefined && !CPU.test(cpu), `${field}.cpu`, 'give CPUs such as 500m or 2'),
  ...when(memory !== undefined && !MEMORY.test(memory), `${field}.memory`, 'give bytes such as 256Mi or 1Gi'),
]
