// How large a form is. For tests.
import type { Field } from './field.ts'

export function countFields(field: Field): number {
  switch (field.kind) {
    case 'group':
      return (
        1 +
        [...field.members.map((one) => one.field), ...(field.extra ? [field.extra] : [])].reduce(
          (sum, one) => sum + countFields(one),
          0,
        )
      )
    case 'list':
      return 1 + [...field.first, ...(field.rest ? [field.rest] : [])].reduce((sum, one) => sum + countFields(one), 0)
    case 'union':
      return 1 + field.options.reduce((sum, one) => sum + countFields(one.field), 0)
    default:
      return 1
  }
}
