// file: packages/api/src/good.ts
// fires: nothing
import { z } from 'zod'
import { LIMITS } from './limits.ts'

export const size = z.number().max(LIMITS.bodyBytes)
