// The route table: well formed, strict in what it takes, expressible as JSON Schema, and closed to those it is not for.
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { presentFaults } from '../faults.ts'
import { checkPermission } from '../permissions.ts'
import { ROUTES, ROUTE_LIST } from './routes.ts'
import type { Route } from './routes.ts'

const named = ROUTE_LIST.map((route) => [`${route.method} ${route.path}`, route] as const)

describe('every route', () => {
  test('has a method and path of its own', () => {
    expect(new Set(named.map(([name]) => name)).size).toBe(named.length)
  })

  test.each(named)('%s is well formed', (_, route) => {
    expect(route.path).toMatch(/^\/api(\/(:[a-zA-Z]+|[a-z.-]+))+$/)
    expect(route.summary).toMatch(/^[A-Z]/)
    const { answer = 'json' } = route
    expect(route.status).toBe(answer === 'redirect' ? 303 : answer === 'json' ? route.status : 200)
    expect(route.response === null).toBe(answer !== 'json' || route.status === 204)
    expect(answer !== 'json' || route.status !== 303).toBe(true)
    if (route.permission === 'audit') expect(route.method).toBe('GET')
    if (route.credentials === 'console') expect(route.permission).toBe('self')
    expect(ROUTES[route.id].path).toBe(route.path)
    const placeholders = [...route.path.matchAll(/:([a-zA-Z]+)/g)].map((match) => match[1]!)
    const params = route.params ? Object.keys((route.params as z.ZodObject).shape) : []
    expect(params.toSorted()).toEqual(placeholders.toSorted())
    expect(route.method === 'GET' ? route.body : undefined).toBeUndefined()
  })

  test('anybody may send a few short texts and no more', () => {
    const open = ROUTE_LIST.filter(
      ({ permission, body, bodyType }) => permission === 'public' && body && bodyType !== 'form',
    )
    expect(open.map(({ id }) => id)).toEqual(['redeemSetup', 'loginLocal', 'readLoginLink', 'redeemLoginLink'])
    for (const { id, bodySize } of open) expect([id, bodySize]).toEqual([id, 'door'])
    for (const { id, bodySize } of ROUTE_LIST) if (bodySize === 'call') expect(id).toBe('callTool')
  })

  test.each(named)('%s can be written as JSON Schema', (_, route) => {
    for (const part of [route.params, route.query, route.body]) if (part) z.toJSONSchema(part, { io: 'input' })
    if (route.response) z.toJSONSchema(route.response, { io: 'output' })
  })

  test('a fixed path stands before a parameter that would swallow it', () => {
    for (const [later, route] of ROUTE_LIST.entries()) {
      const pattern = new RegExp(`^${route.path.replace(/:[a-zA-Z]+/g, '[^/]+')}$`)
      const swallowed = ROUTE_LIST.slice(later + 1).filter(
        (other) => other.method === route.method && pattern.test(other.path),
      )
      expect(swallowed.map(({ path }) => path)).toEqual([])
    }
  })
})

type Part = 'params' | 'query' | 'body'
const inputs = ROUTE_LIST.flatMap((route) =>
  (['params', 'query', 'body'] as const).flatMap((part) =>
    route[part] ? [[`${route.id} ${part}`, route, part] as const] : [],
  ),
)

const faultsOf = (route: Route, part: Part, input: unknown) => {
  const parsed = route[part]!.safeParse(input)
  return parsed.success ? [] : presentFaults(parsed.error)
}

/** Their standards let others add members of their own: RFC 6749 §4.1.2, OpenID Connect Back-Channel Logout §2.5. */
const LOOSE = ['finishLogin query', 'backChannelLogout body']

describe('every input', () => {
  test.each(inputs.filter(([name]) => !LOOSE.includes(name)))(
    '%s refuses an unknown field and names it',
    (_, route, part) => {
      const faults = faultsOf(route, part, { surprise: 1 })
      expect(faults).toContainEqual({ field: 'surprise', message: 'Unknown field; remove it or check its spelling' })
    },
  )

  test.each(inputs)('%s refuses what is no object', (_, route, part) => {
    for (const input of [null, [], 'text', 7, true])
      expect(faultsOf(route, part, input)).toEqual([{ field: '(root)', message: 'Give an object' }])
  })

  test.each(inputs)('%s bounds every text and list', (_, route, part) => {
    expect(unbounded(z.toJSONSchema(route[part]!, { io: 'input' }))).toEqual([])
  })
})

/** Paths of strings without maxLength (or a pattern, format or fixed values that bound them) and lists without maxItems. */
function unbounded(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const below = Object.entries(schema).flatMap(([key, value]) => unbounded(value, `${path}/${key}`))
  return isOpen(schema as Record<string, unknown>) ? [path, ...below] : below
}

function isOpen(node: Record<string, unknown>): boolean {
  if (node['type'] === 'array') return !('maxItems' in node)
  if (node['type'] !== 'string') return false
  return !['maxLength', 'format', 'enum', 'const'].some((bound) => bound in node) && !isBoundedPattern(node['pattern'])
}

/** Without `*`, `+` or `{n,}` no text of any length matches. */
const isBoundedPattern = (pattern: unknown): boolean => typeof pattern === 'string' && !/[*+]|,\}/.test(pattern)

test('the search for open ends finds one', () => {
  const open = z.strictObject({ a: z.string().regex(/^a+$/), b: z.array(z.uuid()) })
  expect(unbounded(z.toJSONSchema(open, { io: 'input' }))).toEqual(['/properties/a', '/properties/b'])
})

describe('faults of requests', () => {
  const faults = (route: Route, part: Part, input: unknown) =>
    faultsOf(route, part, input).map(({ field, message }) => `${field}: ${message}`)

  test('say where and what to do', () => {
    expect(faults(ROUTES.createKey, 'body', { scope: { servers: ['A B', 3] }, expiresAt: 'tomorrow' })).toEqual([
      'name: Required: give a text',
      'scope.servers[0]: use lower-case letters, digits and "-", starting and ending with a letter or digit',
      'scope.servers[1]: Give a text',
      'expiresAt: Give a time such as 2026-12-31T23:59:59Z',
    ])
    expect(faults(ROUTES.listUsers, 'query', { deleted: 'perhaps' })).toEqual([
      'deleted: Give one of: exclude, include, only',
    ])
    expect(faults(ROUTES.listActivity, 'query', { limit: '1000' })).toEqual(['limit: Give at most 200'])
    expect(faults(ROUTES.setUserVariables, 'body', { variables: {} })).toEqual(['variables: give 1 to 64 variables'])
  })

  test('SEC-5: never hold the value of a secret, nor a long name whole', () => {
    const body = { variables: { USER_TOKEN: `canary${'x'.repeat(9000)}`, [`lower_${'canary'.repeat(100)}`]: 'canary' } }
    const text = faults(ROUTES.setUserVariables, 'body', body).join('\n')
    expect(text).toContain('variables.USER_TOKEN: Give at most 8192 characters')
    expect(text.length).toBeLessThan(300)
  })

  test('are at most fifty', () => {
    const body = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, 1]))
    expect(faultsOf(ROUTES.createUser, 'body', body)).toHaveLength(50)
  })

  test('GW-6: __proto__ in a body is refused or ignored, and pollutes nothing', () => {
    ROUTES.createUser.body.safeParse(JSON.parse('{"username":"a","__proto__":{"role":"admin"}}'))
    expect(({} as Record<string, unknown>)['role']).toBeUndefined()
  })
})

describe('handles', () => {
  const parse = (username: string) => ROUTES.createUser.body.safeParse({ username })
  test('have one form', () => {
    expect(parse('Alice').data?.username).toBe('alice')
    expect(parse('e\u0301va').data?.username).toBe('\u00e9va')
  })
  test.each(['앨리스', 'alice@example.com', 'a', 'first.last', '김-철수'])('%s is one', (name) =>
    expect(parse(name).success).toBe(true),
  )
  test.each(['', ' ', 'a b', '../a', 'a/b', '-a', 'a.', 'a\nb', 'a\u200bb', 'a\u202eb', '😀', 'x'.repeat(65)])(
    '%j is none',
    (name) => expect(parse(name).success).toBe(false),
  )
})

describe('checkPermission', () => {
  const member = { role: 'member', via: 'console', scope: { servers: null } } as const
  const admin = { role: 'admin', via: 'console', scope: { servers: null } } as const
  const auditor = { role: 'auditor', via: 'console', scope: { servers: null } } as const
  const scopedAdmin = { role: 'admin', via: 'key', scope: { servers: ['a'] } } as const
  const refusals = (caller: Parameters<typeof checkPermission>[0]) =>
    ROUTE_LIST.filter((route) => checkPermission(caller, route)).map((route) => route.permission)

  test('a stranger gets public routes only', () => {
    const open = ROUTE_LIST.filter((route) => !checkPermission(null, route)).map(({ id }) => id)
    expect(open.toSorted()).toEqual([
      ...['backChannelLogout', 'finishLogin', 'getHealth', 'getLogin', 'getOpenApi', 'loginLocal', 'readLoginLink'],
      ...['redeemLoginLink', 'redeemSetup', 'startGithubLogin', 'startOidcLogin'],
    ])
    expect(checkPermission(null, ROUTES.listUsers)?.code).toBe('unauthenticated')
  })
  test('a member gets nothing of the administrators', () => {
    expect(new Set(refusals(member))).toEqual(new Set(['admin', 'audit']))
    expect(
      ROUTE_LIST.filter(
        ({ path, permission }) => path.startsWith('/api/admin/') !== ['admin', 'audit'].includes(permission),
      ),
    ).toEqual([])
  })
  test('an administrator gets everything', () => expect(refusals(admin)).toEqual([]))
  test('an auditor reads what administrators read, and changes nothing of theirs', () => {
    expect(new Set(refusals(auditor))).toEqual(new Set(['admin']))
    expect(checkPermission(auditor, ROUTES.listOrgVariables)?.code).toBe('forbidden')
    expect(checkPermission(auditor, ROUTES.listUsers)).toBeNull()
    expect(checkPermission(auditor, { permission: 'audit', method: 'POST' })?.code).toBe('forbidden')
  })
  test('what makes or ends a way in is refused to every key', () => {
    const byKey = ROUTE_LIST.filter((route) => checkPermission({ ...admin, via: 'key' }, route)).map(({ id }) => id)
    expect(byKey).toEqual(ROUTE_LIST.filter((route) => route.credentials === 'console').map(({ id }) => id))
    expect(byKey).toContain('setPassword')
  })
  test('a key limited to some servers only reads, and administers nothing even in an administrator’s hand', () => {
    expect(checkPermission(scopedAdmin, ROUTES.createKey)?.code).toBe('forbidden')
    expect(checkPermission(scopedAdmin, ROUTES.listUsers)?.code).toBe('forbidden')
    expect(checkPermission(scopedAdmin, ROUTES.listServers)).toBeNull()
  })
  test('of what the person has as a whole a limited key reads nothing', () => {
    const scoped = { role: 'member', via: 'key', scope: { servers: ['a'] } } as const
    const read = ROUTE_LIST.filter(({ method, permission }) => method === 'GET' && permission === 'self')
    const refused = read.filter((route) => checkPermission(scoped, route)).map(({ id }) => id)
    expect(refused.toSorted()).toEqual([
      ...['getUsage', 'listAccounts', 'listConsoleSessions', 'listGroups', 'listKeys', 'listSightings', 'streamEvents'],
    ])
  })
})
