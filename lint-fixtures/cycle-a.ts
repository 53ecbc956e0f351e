// file: gateway/src/access/cycle-a.ts
// fires: import(no-cycle)
import { b } from './cycle-b.ts'

export const a = (): number => b()
