// Contracts of the hub's checks of itself and of the rotation of its key ring.
import { z } from 'zod'
import { said } from '../sentences.ts'
import { listOf } from './common.ts'

export const checkResponse = z.object({
  /** stable, kebab-case */
  id: z.string(),
  title: z.string(),
  ok: z.boolean(),
  /** how bad it is when not ok */
  severity: z.enum(['error', 'warning']),
  message: z.string(),
  said,
  /** what to do; null when ok */
  fix: z.string().nullable(),
  /** empty when ok, too */
  fixSaid: said,
})
export type CheckResponse = z.infer<typeof checkResponse>
export const doctorResponse = listOf(checkResponse)

export const rotateKeyRingResponse = z.object({
  /** id of the key that seals from now on */
  keyId: z.string(),
  /** values sealed anew */
  resealed: z.number().int(),
})
export type RotateKeyRingResponse = z.infer<typeof rotateKeyRingResponse>
