// What one route of the REST API is, as data.
import type { z } from 'zod'
import type { Permission } from '../permissions.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface RouteShape {
  readonly method: Method
  /** Express style: `:name` */
  readonly path: string
  readonly permission: Permission
  /** about the person as a whole: refused to a key that is limited to some servers */
  readonly isPersonal?: true
  readonly summary: string
  readonly params?: z.ZodType
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** null: no content */
  readonly response: z.ZodType | null
  readonly status: 200 | 201 | 204
}
