// file: gateway/src/access/cycle-b.ts
// fires: import(no-cycle)
import { a } from './cycle-a.ts'

export const b = (): number => a()
