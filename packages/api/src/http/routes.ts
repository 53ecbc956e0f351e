// The REST API as data: the same table makes the router, /api/openapi.json, the permission tests and the CLI's client.
import type { z } from 'zod'
import { ADMIN_ROUTES } from './admin-routes.ts'
import { CALL_ROUTES } from './call-routes.ts'
import { CATALOG_ROUTES, USAGE_ROUTES } from './catalog-routes.ts'
import { KEY_ROUTES } from './key-routes.ts'
import { LOGIN_ROUTES } from './login-routes.ts'
import { PEOPLE_ROUTES } from './people-routes.ts'
import { PROVIDER_SETTINGS_ROUTES } from './provider-settings-routes.ts'
import { PROVIDER_ROUTES } from './provider-routes.ts'
import type { RouteShape } from './route-shape.ts'
import { USER_ROUTES } from './user-routes.ts'

export { BODY_SIZES, type BodySize, type Method, type RouteShape } from './route-shape.ts'

const TABLE = {
  ...USER_ROUTES,
  ...KEY_ROUTES,
  ...CALL_ROUTES,
  ...USAGE_ROUTES,
  ...LOGIN_ROUTES,
  ...PROVIDER_ROUTES,
  ...ADMIN_ROUTES,
  ...PEOPLE_ROUTES,
  ...CATALOG_ROUTES,
  ...PROVIDER_SETTINGS_ROUTES,
} as const

type Table = typeof TABLE
export type RouteId = keyof Table
export type Route = RouteShape & { readonly id: RouteId }

type Schema<Id extends RouteId, Part extends string> =
  Table[Id] extends Record<Part, infer S> ? (S extends z.ZodType ? S : never) : never
/** What a handler receives, after parsing (defaults filled in). `undefined` where the route has no such part. */
export type RouteParams<Id extends RouteId> = Table[Id] extends { params: z.ZodType }
  ? z.output<Schema<Id, 'params'>>
  : undefined
export type RouteQuery<Id extends RouteId> = Table[Id] extends { query: z.ZodType }
  ? z.output<Schema<Id, 'query'>>
  : undefined
export type RouteBody<Id extends RouteId> = Table[Id] extends { body: z.ZodType }
  ? z.output<Schema<Id, 'body'>>
  : undefined
/** What a handler returns. `undefined` for 204. */
export type RouteResponse<Id extends RouteId> = Table[Id] extends { response: z.ZodType }
  ? z.output<Schema<Id, 'response'>>
  : undefined
/** What a client sends. */
export type RouteBodyInput<Id extends RouteId> = Table[Id] extends { body: z.ZodType }
  ? z.input<Schema<Id, 'body'>>
  : undefined
export type RouteQueryInput<Id extends RouteId> = Table[Id] extends { query: z.ZodType }
  ? z.input<Schema<Id, 'query'>>
  : undefined

/** By id. Static paths stand before those with a parameter that could match them. */
export const ROUTES: { readonly [Id in RouteId]: Table[Id] & { readonly id: Id } } = Object.fromEntries(
  Object.entries(TABLE).map(([id, route]) => [id, { id, ...route }]),
) as never

export const ROUTE_LIST: readonly Route[] = Object.values(ROUTES)
