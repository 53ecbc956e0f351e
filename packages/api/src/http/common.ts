// What the REST contracts share: ids, names, times, pages. Requests are strict and bounded; responses keep only what they name.
import { z } from 'zod'
import { resourceName } from '../crds/meta.ts'

export const id = z.uuid()
export const time = z.iso.datetime({ offset: true })
/** A label people choose: any script, no control characters. */
export const label = z
  .string()
  .normalize('NFC')
  .trim()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+$/u, 'use printable characters only')
export const note = z.string().max(1024)
export const serverNames = z.array(resourceName).max(1024)

export const idParams = z.strictObject({ id })
/** Of one person; left out: of everybody. */
export const ofUserQuery = z.strictObject({ userId: id.optional() })
export const nameParams = z.strictObject({ name: resourceName })
/** Sandbox ids are slugs made by the hub (names.ts). */
export const sandboxParams = z.strictObject({ id: resourceName })
/** The random part of a session id, 24 hex digits; the whole id is a credential. */
export const sessionParams = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{24}$/, 'a session is named by 24 hex digits; see `mcphub sessions list`'),
})

/** Pages go backwards in time; `cursor` is opaque and comes from the page before. */
export const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().min(1).max(256).optional(),
})
export type PageQuery = z.infer<typeof pageQuery>

export const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) })
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })
