import { expect, test } from 'vitest'
import { findServers, type Server, type ServerStatus } from './find-servers.ts'

const server = (name: string, status: ServerStatus, more: Partial<Server> = {}): Server => ({
  name,
  displayName: null,
  description: null,
  type: 'Stdio',
  prefix: name,
  riskLevel: 'Low',
  access: 'Everyone',
  sessions: 'Shared',
  status,
  statusReason: '',
  statusCode: 'ready',
  statusParams: {},
  statusSaid: [],
  state: { kind: 'None', code: 'nothingRuns', params: {}, said: [] },
  isolation: { mode: 'Shared', reason: '' },
  package: null,
  missingVariables: [],
  toolCount: 0,
  faults: [],
  ...more,
})

const SERVERS = [
  server('zeta', 'Ready'),
  server('github', 'MissingVariable', { displayName: 'GitHub', description: 'Issues and pull requests' }),
  server('alpha', 'Ready'),
  server('old', 'Disabled'),
  server('broken', 'Failed'),
]

const names = (search: string, status: ServerStatus | 'all' = 'all') =>
  findServers(SERVERS, { search, status }).map(({ name }) => name)

test('what wants something of the person comes first, what is off last, the rest by name', () => {
  expect(names('')).toEqual(['github', 'broken', 'alpha', 'zeta', 'old'])
})

test('every word is looked for in name and description, whatever its case', () => {
  expect(names('PULL git')).toEqual(['github'])
  expect(names('pull zeta')).toEqual([])
})

test('a state leaves only those in it', () => {
  expect(names('', 'Ready')).toEqual(['alpha', 'zeta'])
  expect(names('a', 'Disabled')).toEqual([])
})
