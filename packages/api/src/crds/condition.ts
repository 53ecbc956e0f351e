// Conditions, as every Kubernetes resource has them: what is true of it now, since when, and why.
import { z } from 'zod'
import { listMap } from './cel.ts'

/** RFC 3339, in UTC as the API server writes it. */
export const time = z.iso.datetime({ offset: true })

export const condition = z.strictObject({
  type: z.string().min(1).max(316).describe('What this condition is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it is so.'),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('Why, in one word for programs.'),
  message: z.string().max(32_768).describe('Why, and what to do, for people. Never text that a server wrote.'),
  lastTransitionTime: time.describe('When the status last changed.'),
  observedGeneration: z.int().min(0).optional().describe('The metadata.generation this was said of.'),
})
export type Condition = z.infer<typeof condition>

export const conditions = z
  .array(condition.describe('One condition.'))
  .max(16)
  .default([])
  .describe('What is true of it now, one entry for each type.')
  .meta(listMap('type'))

export const observedGeneration = z
  .int()
  .min(0)
  .optional()
  .describe(
    'The metadata.generation that this status tells of; older than that, and the operator has not seen the last change.',
  )

/** A count of things that are there now. */
export const count = (what: string): z.ZodOptional<z.ZodInt32> => z.int32().min(0).optional().describe(what)
