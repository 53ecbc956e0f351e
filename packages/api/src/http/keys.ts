// Contracts of hub keys. The full key leaves the hub once, in the answer to its creation.
import { z } from 'zod'
import { codeParams } from '../causes.ts'
import { resourceName } from '../crds/meta.ts'
import { id, label, listOf, time } from './common.ts'

/** The shape of a hub key. */
export const HUB_KEY = /^mcphub_[0-9a-f]{64}$/

/** `servers: null` = everything its user may use. `group`: it is made for that personal group, and `servers` are those the group has now. */
export const keyScope = z.object({
  servers: z.array(z.string()).nullable(),
  /** `name: null`: the group is gone, so the key shows nothing */
  group: z.object({ id, name: z.string().nullable() }).nullable(),
})
export type KeyScopeResponse = z.infer<typeof keyScope>

/** Some servers, or a personal group, live: whoever changes the group changes what the key may use. */
const newKeyScope = z
  .strictObject({
    servers: z.array(resourceName).min(1).max(256).nullable().default(null),
    groupId: id.optional(),
  })
  .refine(({ servers, groupId }) => servers === null || groupId === undefined, {
    path: ['groupId'],
    message: 'give servers or a group, not both',
  })

export const createKeyRequest = z.strictObject({
  name: label,
  scope: newKeyScope.optional(),
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

/** What was seen of a key while somebody watched it: that it works, or what its client does wrong. */
export const SIGHTING_KINDS = [
  /** a request that was understood */
  'call',
  /** a key that begins as this one and is another: cut off, or mistyped */
  'wrongKey',
  /** `requested`, `supported` */
  'oldRevision',
  /** sent by a page of another site; `origin` */
  'blockedOrigin',
  /** the hub was called by a name it does not know; `host` */
  'blockedHost',
  /** it takes neither JSON nor an event stream; `accept` */
  'badAccept',
  /** sent to where nothing is, or nothing that the key opens; `path` */
  'wrongPath',
] as const
export type SightingKind = (typeof SIGHTING_KINDS)[number]

export const sightingResponse = z.object({
  at: time,
  kind: z.enum(SIGHTING_KINDS),
  /** as the client calls itself; null: it did not say */
  client: z.string().nullable(),
  params: codeParams,
})
export type SightingResponse = z.infer<typeof sightingResponse>

export const sightingListResponse = z.object({
  /** newest first, at most 20 */
  items: z.array(sightingResponse),
  /** null: nobody watches it now */
  watchedUntil: time.nullable(),
  /** how many tools a client with this key is shown at /mcp */
  toolCount: z.number(),
})
export type SightingListResponse = z.infer<typeof sightingListResponse>

export const watchResponse = z.object({ watchedUntil: time })

export const userKeyParams = z.strictObject({ id, keyId: id })
