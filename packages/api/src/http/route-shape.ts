// What one route of the REST API is, as data.
import type { z } from 'zod'
import { LIMITS } from '../limits.ts'
import type { Permission } from '../permissions.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** How much of a body is taken, so that reading it costs nobody else time; `members` of all its objects together. */
export const BODY_SIZES = {
  /** a few short texts, from anybody */
  door: { bytes: 8 * 1024, members: 64 },
  plain: { bytes: 64 * 1024, members: 1_024 },
  /** a manifest, values, a group */
  large: { bytes: 2 * 1024 * 1024, members: 16_384 },
  /** the arguments of a tool */
  call: { bytes: LIMITS.bodyBytes, members: LIMITS.jsonMembers },
} as const
export type BodySize = keyof typeof BODY_SIZES

export interface RouteShape {
  readonly method: Method
  /** Express style: `:name` */
  readonly path: string
  readonly permission: Permission
  /** about the person as a whole: refused to a key that is limited to some servers */
  readonly isPersonal?: true
  /** `console`: only for a person who logged in at the console; a key is refused */
  readonly credentials?: 'any' | 'console'
  /**
   * What is answered (default `json`). `redirect`: 303 to a checked address; `events`: a stream of server-sent events; `download`: a file
   * in pieces. The last three have no response schema.
   */
  readonly answer?: 'json' | 'redirect' | 'events' | 'download'
  /** `form`: application/x-www-form-urlencoded, where another program's standard wants it */
  readonly bodyType?: 'json' | 'form'
  /** of JSON; default `plain` */
  readonly bodySize?: BodySize
  /** no GET, yet it changes nothing, or what it calls writes the record itself */
  readonly isUnrecorded?: true
  readonly summary: string
  readonly params?: z.ZodType
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** null: no JSON */
  readonly response: z.ZodType | null
  readonly status: 200 | 201 | 204 | 303
}
