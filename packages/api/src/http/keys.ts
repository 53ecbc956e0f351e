// Contracts of hub keys. The full key leaves the hub once, in the answer to its creation.
import { z } from 'zod'
import { resourceName } from '../crds/meta.ts'
import { id, label, listOf, time } from './common.ts'

/** The shape of a hub key (design.md §3). */
export const HUB_KEY = /^mcphub_[0-9a-f]{64}$/

/** `servers: null` = everything its user may use. */
export const keyScope = z.object({ servers: z.array(z.string()).nullable() })
export type KeyScopeResponse = z.infer<typeof keyScope>

export const createKeyRequest = z.strictObject({
  name: label,
  scope: z.strictObject({ servers: z.array(resourceName).min(1).max(256).nullable().default(null) }).optional(),
  /** must lie in the future */
  expiresAt: time.optional(),
})
export type CreateKeyRequest = z.infer<typeof createKeyRequest>

export const keyResponse = z.object({
  id,
  name: z.string(),
  /** `mcphub_…` and the last four digits, to tell keys apart */
  preview: z.string(),
  scope: keyScope,
  createdAt: time,
  expiresAt: time.nullable(),
  lastUsedAt: time.nullable(),
})
export type KeyResponse = z.infer<typeof keyResponse>
export const keyListResponse = listOf(keyResponse)

export const createdKeyResponse = keyResponse.extend({
  /** the full key, shown this once */
  key: z.string(),
})
export type CreatedKeyResponse = z.infer<typeof createdKeyResponse>

export const userKeyParams = z.strictObject({ id, keyId: id })
