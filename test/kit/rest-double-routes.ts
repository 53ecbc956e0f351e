// What the REST double does on each route: as little as a client can tell from the real hub.
import { randomUUID } from 'node:crypto'
import { HubError, isMasked, maskValue } from '@mcphub/api'
import type { ActivityResponse, KeyResponse, ServerDetailResponse, UserResponse, VariableResponse } from '@mcphub/api'
import type { DoubleCall, DoubleHandlers } from './rest-double.ts'
import type { DoubleKey, DoubleState, DoubleUser } from './rest-double-state.ts'

const now = (): string => new Date().toISOString()
const SEPARATION = { kind: 'ProcessOnly', message: 'separated by process only' } as const

function found<T>(thing: T | undefined | null, what: string): T {
  if (thing === undefined || thing === null) throw new HubError('not_found', `There is no such ${what}`)
  return thing
}

function userOf(state: DoubleState, id: string): DoubleUser {
  return found(
    state.users.find((user) => user.id === id),
    'user',
  )
}

function changeUser(state: DoubleState, id: string, change: Partial<UserResponse>): UserResponse {
  const changed = { ...userOf(state, id), ...change }
  const users = state.users.map((user) => (user.id === id ? changed : user))
  if (!users.some(({ role, active, deletedAt }) => role === 'admin' && active && !deletedAt)) {
    throw new HubError('conflict', 'At least one active administrator must remain')
  }
  state.users = users
  return changed
}

function showKey({ id, name, preview, scope, createdAt, expiresAt, lastUsedAt }: DoubleKey): KeyResponse {
  return { id, name, preview, scope, createdAt, expiresAt, lastUsedAt }
}
const keysOf = (state: DoubleState, userId: string): KeyResponse[] =>
  state.keys.filter((key) => key.userId === userId).map(showKey)

function removeKey(state: DoubleState, userId: string, id: string): undefined {
  found(
    state.keys.find((key) => key.id === id && key.userId === userId),
    'key',
  )
  state.keys = state.keys.filter((key) => key.id !== id)
}

interface NewKey {
  readonly name: string
  readonly scope?: { readonly servers: string[] | null } | undefined
  readonly expiresAt?: string | undefined
}

function makeKey(state: DoubleState, userId: string, { name, scope, expiresAt }: NewKey) {
  const key = state.addKey(userId, name, { servers: scope?.servers ?? null, expiresAt: expiresAt ?? null })
  return { ...showKey(key), key: key.secret }
}

function listVariables(state: DoubleState, owner: string): { items: VariableResponse[] } {
  const items = [...(state.variables.get(owner) ?? new Map<string, { value: string; updatedAt: string }>())]
  return {
    items: items.map(([name, { value, updatedAt }]) => ({
      name,
      masked: owner === 'org' ? maskValue('') : maskValue(value),
      updatedAt,
      servers: state.servers
        .filter(({ userVariables }) => userVariables.some((each) => each.name === name))
        .map((each) => each.name),
    })),
  }
}

function setVariables(
  state: DoubleState,
  owner: string,
  variables: Record<string, string>,
): { items: VariableResponse[] } {
  const values = state.variables.get(owner) ?? new Map<string, { value: string; updatedAt: string }>()
  state.variables.set(owner, values)
  for (const [name, value] of Object.entries(variables)) {
    if (/^\s|\s$|\0/.test(value)) {
      throw new HubError('invalid_variable', `${name} cannot be used`, {
        faults: [{ field: name, message: 'remove the space at its edge' }],
      })
    }
    if (!isMasked(value)) values.set(name, { value, updatedAt: now() })
  }
  return listVariables(state, owner)
}

function deleteVariable(state: DoubleState, owner: string, name: string): undefined {
  if (!state.variables.get(owner)?.delete(name)) throw new HubError('not_found', `${name} is not set`)
}

function seeServer(state: DoubleState, server: ServerDetailResponse, userId: string): ServerDetailResponse {
  const userVariables = server.userVariables.map((each) => ({
    ...each,
    isSet: state.variables.get(userId)?.has(each.name) ?? false,
  }))
  const missingVariables = userVariables.filter(({ isSet }) => !isSet).map(({ name }) => name)
  if (missingVariables.length === 0 || server.status !== 'Ready') return { ...server, userVariables }
  return {
    ...server,
    userVariables,
    missingVariables,
    status: 'MissingVariable',
    statusReason: `set ${missingVariables.join(', ')}`,
    statusCode: 'missingVariable',
    statusParams: { variables: missingVariables },
  }
}

const seeServers = ({ state, caller }: Pick<DoubleCall<'listServers'>, 'state' | 'caller'>): ServerDetailResponse[] =>
  state.servers.map((server) => seeServer(state, server, caller!.id))

function ownGroup({
  state,
  caller,
  params,
}: {
  state: DoubleState
  caller: DoubleUser | null
  params: { id: string }
}) {
  return found(
    state.groups.find(({ id, userId }) => id === params.id && userId === caller!.id),
    'group',
  )
}

interface Filter {
  readonly limit: number
  readonly since?: string | undefined
  readonly server?: string | undefined
  readonly outcome?: string | undefined
  readonly cursor?: string | undefined
}

function page<T extends ActivityResponse>(rows: readonly T[], { limit, since, server, outcome, cursor = '0' }: Filter) {
  const wanted = rows
    .filter(
      (row) =>
        (!since || row.at >= since) && (!server || row.server === server) && (!outcome || row.outcome === outcome),
    )
    .toReversed()
  const start = Number(cursor)
  const end = start + limit
  return { items: wanted.slice(start, end), nextCursor: end < wanted.length ? String(end) : null }
}

function explain({ state, caller, query }: DoubleCall<'explainTool'>) {
  if (query.user && query.user !== caller!.username && caller!.role !== 'admin')
    throw new HubError('forbidden', 'Only an administrator may ask for others')
  const server = state.servers.find(
    ({ name, tools }) => name === query.tool || tools.some(({ exposedName }) => exposedName === query.tool),
  )
  const entitled = {
    step: 'entitlement' as const,
    ok: server !== undefined,
    reason: server ? 'access: Everyone' : 'there is no such tool',
    said: [],
    cause: server ? null : ('unknown' as const),
  }
  return {
    tool: query.tool,
    server: server?.name ?? null,
    user: query.user ?? caller!.username,
    visible: entitled.ok,
    cause: entitled.cause,
    params: {},
    fix: null,
    steps: [entitled],
  }
}

const mayEnd = (caller: DoubleUser | null, userId: string | null): boolean =>
  caller?.role === 'admin' || caller?.id === userId

/** Whoever comes by key has no more. */
const KEY_ONLY = {
  ...{ session: null, hasPassword: false, loginUntil: null },
  preferences: { language: null, theme: null },
}

export const HANDLERS: DoubleHandlers = {
  getHealth: ({ state: { health } }) => ({
    ...health,
    time: new Date(Date.now() + health.clockOffsetMs).toISOString(),
  }),
  getOpenApi: () => ({ openapi: '3.1.0' }),
  redeemSetup: ({ state, body }) => {
    if (body.token !== state.setupToken) throw new HubError('forbidden', 'This set-up link was used or never existed')
    state.setupToken = null
    const user = state.addUser(body.username, 'admin')
    return { user, key: state.addKey(user.id, 'setup').secret }
  },
  getMe: ({ state, caller, key }) => {
    const { id, name, scope, expiresAt } = state.identify(key!)!.key
    return {
      id: caller!.id,
      username: caller!.username,
      role: caller!.role,
      key: { id, name, scope, expiresAt },
      ...KEY_ONLY,
    }
  },
  listEnvTemplates: ({ state, caller }) => ({
    items: state.servers
      .filter(({ userVariables }) => userVariables.length > 0)
      .map((server) => seeServer(state, server, caller!.id))
      .map(({ name, userVariables }) => ({
        server: name,
        displayName: null,
        description: null,
        variables: userVariables,
      })),
  }),
  listUserVariables: ({ state, caller }) => listVariables(state, caller!.id),
  setUserVariables: ({ state, caller, body }) => setVariables(state, caller!.id, body.variables),
  deleteUserVariable: ({ state, caller, params }) => deleteVariable(state, caller!.id, params.name),
  listServers: (call) => ({ items: seeServers(call), separation: SEPARATION }),
  getServer: ({ state, caller, params }) =>
    seeServer(
      state,
      found(
        state.servers.find(({ name }) => name === params.name),
        'server',
      ),
      caller!.id,
    ),
  listTools: ({ state, caller }) => {
    const seen = state.servers.map((server) => seeServer(state, server, caller!.id))
    return {
      items: seen.flatMap(({ name: server, tools }) =>
        tools.map(({ exposedName, name, title, description }) => ({
          name: exposedName,
          server,
          tool: name,
          title,
          description,
        })),
      ),
      warning: null,
      missing: seen
        .filter((each) => each.missingVariables.length > 0)
        .map(({ name, missingVariables }) => ({ server: name, variables: missingVariables })),
    }
  },
  explainTool: explain,
  listGroups: ({ state, caller }) => ({
    items: state.groups.filter(({ userId }) => userId === caller!.id),
    visible: { tools: 0, warning: null },
  }),
  createGroup: ({ state, caller, body }) => {
    if (state.groups.some(({ name, userId }) => name === body.name && userId === caller!.id))
      throw new HubError('conflict', 'You have a group of that name')
    const group = {
      ...body,
      id: randomUUID(),
      description: body.description ?? null,
      toolCount: 0,
      createdAt: now(),
      updatedAt: now(),
      userId: caller!.id,
    }
    state.groups.push(group)
    return group
  },
  updateGroup: (call) => Object.assign(ownGroup(call), call.body, { updatedAt: now() }),
  deleteGroup: (call) => {
    const { id } = ownGroup(call)
    call.state.groups = call.state.groups.filter((group) => group.id !== id)
    return undefined
  },
  setGroupActive: (call) => Object.assign(ownGroup(call), call.body),
  listKeys: ({ state, caller }) => ({ items: keysOf(state, caller!.id) }),
  createKey: ({ state, caller, body }) => makeKey(state, caller!.id, body),
  revokeKey: ({ state, caller, params }) => removeKey(state, caller!.id, params.id),
  listSessions: ({ state, caller }) => ({ items: state.sessions.filter(({ userId }) => userId === caller!.id) }),
  endSession: ({ state, caller, params }) => {
    const session = found(
      state.sessions.find(({ id, userId }) => id === params.id && mayEnd(caller, userId)),
      'session',
    )
    state.sessions = state.sessions.map((each) => (each === session ? { ...each, endedAt: now() } : each))
    return undefined
  },
  listSandboxes: ({ state, caller }) => ({
    items: state.sandboxes.filter(({ userId }) => userId === caller!.id),
    separation: SEPARATION,
  }),
  getSandboxLogs: ({ state, params }) => ({ id: params.id, text: found(state.logs.get(params.id), 'sandbox') }),
  stopSandbox: ({ state, caller, params }) => {
    const sandbox = found(
      state.sandboxes.find(({ id, userId }) => id === params.id && mayEnd(caller, userId)),
      'sandbox',
    )
    state.sandboxes = state.sandboxes.filter((each) => each !== sandbox)
    return undefined
  },
  listActivity: ({ state, caller, query }) =>
    page(
      state.activity.filter(({ userId }) => userId === caller!.id),
      query,
    ),
  listUsers: ({ state, query }) => {
    const items = state.users.filter(
      ({ username, deletedAt }) =>
        (!query.username || username === query.username) &&
        (query.deleted === 'include' || (query.deleted === 'only') === (deletedAt !== null)),
    )
    return { items, nextCursor: null, total: items.length }
  },
  createUser: ({ state, body }) => {
    if (state.users.some(({ username }) => username === body.username))
      throw new HubError('conflict', 'There is a user of that name')
    return state.addUser(body.username, body.role)
  },
  setUserActive: ({ state, params, body }) => changeUser(state, params.id, body),
  setUserAdmin: ({ state, params, body }) => changeUser(state, params.id, { role: body.admin ? 'admin' : 'member' }),
  deleteUser: ({ state, params, query }) => {
    changeUser(state, params.id, { deletedAt: now() })
    state.keys = state.keys.filter(({ userId }) => userId !== params.id)
    if (query.mode === 'hard') state.users = state.users.filter(({ id }) => id !== params.id)
    return undefined
  },
  restoreUser: ({ state, params }) => changeUser(state, params.id, { deletedAt: null }),
  listUserKeys: ({ state, params }) => ({ items: keysOf(state, userOf(state, params.id).id) }),
  createUserKey: ({ state, params, body }) => makeKey(state, userOf(state, params.id).id, body),
  revokeUserKey: ({ state, params }) => removeKey(state, params.id, params.keyId),
  listOrgVariables: ({ state }) => ({ ...listVariables(state, 'org'), missing: [] }),
  setOrgVariables: ({ state, body }) => ({ ...setVariables(state, 'org', body.variables), missing: [] }),
  deleteOrgVariable: ({ state, params }) => deleteVariable(state, 'org', params.name),
  listAdminServers: (call) => ({
    items: seeServers(call).map((server) => ({
      ...server,
      configHash: 'hash',
      origin: { file: `${server.name}.yaml` },
      managedBy: null,
      orgVariables: [],
      links: 0,
      lastSuccessAt: null,
    })),
    faults: [
      { file: 'bad.yaml', line: 3, resource: 'bad', message: 'spec.stdio: give a package or an image', said: [] },
    ],
    revision: 1,
    separation: SEPARATION,
  }),
  listUserGroups: () => ({
    items: [
      {
        name: 'writers',
        displayName: null,
        description: null,
        active: true,
        members: { users: ['alice'], claims: [{ name: 'team', value: 'docs' }] },
        servers: ['everything'],
        limits: { maxRunningPerUser: null, callsPerMinute: null, cpu: null, memory: null },
        origin: { file: 'writers.yaml' },
        managedBy: null,
      },
    ],
  }),
  listAudit: ({ state, query }) => {
    const found = state.activity.filter(({ username }) => !query.user || username === query.user)
    return page(
      found.map((record) => ({ ...record, targetShown: record.target, detail: null })),
      query,
    )
  },
  listAllSessions: ({ state }) => ({ items: state.sessions }),
  listAllSandboxes: ({ state }) => ({ items: state.sandboxes, separation: SEPARATION }),
  getDoctor: ({ state }) => ({ items: state.checks }),
  rotateKeyRing: ({ state }) => ({
    keyId: 'key-2',
    resealed: [...state.variables.values()].reduce((sum, { size }) => sum + size, 0),
  }),
}
