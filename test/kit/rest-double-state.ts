// What the REST double knows: people, keys, variables, groups, and a catalogue of three servers in different states.
import { randomBytes, randomUUID } from 'node:crypto'
import { buildExposedNames } from '@mcphub/api'
import type {
  Role,
  ActivityResponse,
  CheckResponse,
  GroupResponse,
  HealthResponse,
  KeyResponse,
  SandboxResponse,
  ServerDetailResponse,
  SessionResponse,
  UserResponse,
} from '@mcphub/api'

export type DoubleUser = UserResponse
export type DoubleKey = KeyResponse & { readonly userId: string; readonly secret: string }
export interface StoredValue {
  readonly value: string
  readonly updatedAt: string
}

export interface DoubleState {
  readonly health: HealthResponse & { clockOffsetMs: number }
  users: DoubleUser[]
  keys: DoubleKey[]
  /** user id (or 'org') → name → value */
  readonly variables: Map<string, Map<string, StoredValue>>
  groups: (GroupResponse & { readonly userId: string })[]
  servers: ServerDetailResponse[]
  sessions: SessionResponse[]
  sandboxes: SandboxResponse[]
  readonly logs: Map<string, string>
  activity: (ActivityResponse & { readonly userId: string; readonly username: string })[]
  checks: CheckResponse[]
  setupToken: string | null
  addUser(username: string, role?: Role): DoubleUser
  addKey(userId: string, name: string, more?: { servers?: string[] | null; expiresAt?: string | null }): DoubleKey
  identify(secret: string): { readonly user: DoubleUser; readonly key: DoubleKey } | null
}

const now = (): string => new Date().toISOString()

const FINE: Omit<CheckResponse, 'id' | 'title' | 'message'> = {
  ok: true,
  severity: 'error',
  said: [],
  fix: null,
  fixSaid: [],
}

export function createDoubleState(): DoubleState {
  const state: DoubleState = {
    health: { status: 'ok', version: '0.1.0', mode: 'local', time: now(), database: 'ok', clockOffsetMs: 0 },
    users: [],
    keys: [],
    variables: new Map(),
    groups: [],
    servers: [
      server('everything', {
        tools: ['echo', 'add'],
        isolation: { mode: 'Shared', reason: 'low risk and no user variables' },
      }),
      server('github', { type: 'Remote', sessions: null, variable: 'USER_GITHUB_TOKEN' }),
      server('broken', { status: 'Failed', statusReason: 'its package cannot be installed' }),
    ],
    sessions: [],
    sandboxes: [],
    logs: new Map(),
    activity: [],
    checks: [
      { ...FINE, id: 'database', title: 'Database', message: 'answers' },
      { ...FINE, id: 'disk', title: 'Disk', message: 'enough space' },
    ],
    setupToken: 'setup-token-0123456789',
    addUser(username, role = 'member') {
      const user = {
        id: randomUUID(),
        username,
        role,
        active: true,
        createdAt: now(),
        lastSeenAt: null,
        deletedAt: null,
      }
      state.users.push(user)
      return user
    },
    addKey(userId, name, { servers = null, expiresAt = null } = {}) {
      const secret = `mcphub_${randomBytes(32).toString('hex')}`
      const preview = `mcphub_…${secret.slice(-4)}`
      const key = {
        id: randomUUID(),
        name,
        preview,
        scope: { servers, group: null },
        createdAt: now(),
        expiresAt,
        lastUsedAt: null,
        userId,
        secret,
      }
      state.keys.push(key)
      return key
    },
    identify(secret) {
      const key = state.keys.find((candidate) => candidate.secret === secret)
      const user = key && state.users.find(({ id, active, deletedAt }) => id === key.userId && active && !deletedAt)
      return key && user ? { user, key } : null
    },
  }
  return state
}

interface ServerFacts {
  readonly type?: 'Stdio' | 'Remote'
  readonly sessions?: null
  readonly tools?: readonly string[]
  readonly isolation?: ServerDetailResponse['isolation']
  readonly status?: ServerDetailResponse['status']
  readonly statusReason?: string
  readonly variable?: string
}

function server(name: string, facts: ServerFacts): ServerDetailResponse {
  const tools = [...buildExposedNames((facts.tools ?? []).map((tool) => ({ server: name, prefix: name, tool }))).table]
  return {
    name,
    displayName: null,
    description: null,
    type: facts.type ?? 'Stdio',
    prefix: name,
    riskLevel: 'Low',
    access: 'Everyone',
    sessions: facts.sessions === null ? null : 'Shared',
    status: facts.status ?? 'Ready',
    statusReason: facts.statusReason ?? 'works',
    statusCode: 'ready',
    statusParams: {},
    statusSaid: [],
    state: { kind: 'None', code: 'nothingRuns', params: {}, said: [] },
    isolation: facts.isolation ?? { mode: 'PerUser', reason: 'it takes user variables' },
    package: facts.type === 'Remote' ? null : { state: facts.status === 'Failed' ? 'Failed' : 'Ready', message: null },
    missingVariables: [],
    toolCount: tools.length,
    faults: [],
    tools: tools.map(([exposedName, { tool }]) => describeTool(tool, exposedName)),
    userVariables: facts.variable ? [describeVariable(facts.variable)] : [],
    discoveredAt: now(),
  }
}

const describeTool = (name: string, exposedName: string): ServerDetailResponse['tools'][number] => ({
  name,
  exposedName,
  title: null,
  description: null,
  inputSchema: { type: 'object' },
  outputSchema: null,
  annotations: null,
  state: 'ok',
})

export const describeVariable = (name: string): ServerDetailResponse['userVariables'][number] => ({
  name,
  label: null,
  help: null,
  pattern: null,
  required: true,
  secret: true,
  format: 'Line',
  isSet: false,
})
