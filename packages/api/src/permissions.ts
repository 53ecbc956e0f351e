// Who may call a REST route: one pure table. What lies behind a route may refuse more (another's object is `not_found`), never less.

export const PERMISSIONS = ['public', 'self', 'audit', 'admin'] as const
/**
 * `public`: no key. `self`: any valid key or console session, concerns the caller's own things (an administrator's reach is the service's
 * matter). `audit`: an administrator or an auditor, who only reads. `admin`: an administrator.
 */
export type Permission = (typeof PERMISSIONS)[number]

export const ROLES = ['admin', 'auditor', 'member'] as const
/** `auditor`: a member who reads what administrators read, except variables, and changes nothing of others. */
export type Role = (typeof ROLES)[number]

export interface RoutePrincipal {
  readonly role: Role
  /** what was presented: a hub key, or the session of a person who logged in at the console */
  readonly via: 'key' | 'console'
  readonly scope: { readonly servers: readonly string[] | null }
}

export interface GuardedRoute {
  readonly permission: Permission
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** about the person as a whole, not about any of their servers */
  readonly isPersonal?: true
  readonly credentials?: 'any' | 'console'
}

export type PermissionRefusal =
  | { readonly code: 'unauthenticated'; readonly reason: string }
  | { readonly code: 'forbidden'; readonly reason: string }

type Caller = RoutePrincipal | null
type Check = (caller: Caller, route: GuardedRoute) => PermissionRefusal | null

const needsKey: Check = (caller) =>
  caller ? null : { code: 'unauthenticated', reason: 'This needs a hub key: Authorization: Bearer mcphub_…' }

const needsAdmin: Check = (caller) =>
  caller?.role === 'admin' ? null : { code: 'forbidden', reason: 'This needs an administrator' }

const needsAuditor: Check = (caller, route) =>
  caller?.role === 'admin' || (caller?.role === 'auditor' && route.method === 'GET')
    ? null
    : { code: 'forbidden', reason: 'This needs an administrator or an auditor' }

/** What makes or ends a way in belongs to the person alone, not to whoever holds one of their keys. */
const needsConsole: Check = (caller, route) =>
  route.credentials === 'console' && caller?.via !== 'console'
    ? { code: 'forbidden', reason: 'This needs a person who is logged in at the console; a key does not do' }
    : null

/** Else a key made for one server could make itself a wider one. */
const scopedKeyOnlyReads: Check = (caller, route) =>
  caller?.scope.servers && route.method !== 'GET'
    ? {
        code: 'forbidden',
        reason: 'This key is limited to some servers and changes nothing; use a key without a scope',
      }
    : null

/** Whoever holds a key for one server need not know which other keys and sets of servers its owner has. */
const scopedKeyIsNotThePerson: Check = (caller, route) =>
  caller?.scope.servers && route.isPersonal
    ? {
        code: 'forbidden',
        reason: 'This key is limited to some servers and reads nothing else of its owner; use a key without a scope',
      }
    : null

const scopedKeyIsNoAdmin: Check = (caller) =>
  caller?.scope.servers
    ? {
        code: 'forbidden',
        reason: 'This key is limited to some servers and administers nothing; use a key without a scope',
      }
    : null

const CHECKS: Readonly<Record<Permission, readonly Check[]>> = {
  public: [],
  self: [needsKey, needsConsole, scopedKeyOnlyReads, scopedKeyIsNotThePerson],
  audit: [needsKey, needsAuditor, scopedKeyIsNoAdmin],
  admin: [needsKey, needsAdmin, scopedKeyIsNoAdmin],
}

/** null = allowed; else the first check that refuses. */
export function checkPermission(caller: RoutePrincipal | null, route: GuardedRoute): PermissionRefusal | null {
  for (const check of CHECKS[route.permission]) {
    const refusal = check(caller, route)
    if (refusal) return refusal
  }
  return null
}
