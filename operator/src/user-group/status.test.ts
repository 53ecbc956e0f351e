// What a group's status says of its servers.
import { mcpServerSpec, userGroupSpec } from '@mcphub/api'
import { expect, test } from 'vitest'
import type { GroupObject, ServerObject } from '../resources.ts'
import { listConcerned } from './group-controller.ts'
import { buildGroupStatus } from './status.ts'

const meta = (name: string, labels: Record<string, string> = {}): GroupObject['metadata'] => ({
  namespace: 'x',
  name,
  uid: name,
  resourceVersion: '1',
  generation: 3,
  labels,
})
const group = (spec: object, name = 'team'): GroupObject => ({ metadata: meta(name), spec: userGroupSpec.parse(spec) })
const server = (name: string, labels: Record<string, string> = {}): ServerObject => ({
  metadata: meta(name, labels),
  spec: mcpServerSpec.parse({ type: 'Remote', remote: { url: 'https://a.example/' } }),
})
const SERVERS = new Map([
  ['a', server('a', { tier: 'dev' })],
  ['b', server('b', { tier: 'dev', team: 'x' })],
])
const now = new Date('2026-01-02T03:04:05Z')
const statusOf = (spec: object) =>
  buildGroupStatus({ group: group(spec), servers: SERVERS, counts: { total: 5, running: 2, failed: 1 }, now })

test('names that exist are counted, the others are named', () => {
  const status = statusOf({ servers: ['a', 'gone', 'lost'] })
  expect(status).toMatchObject({
    observedGeneration: 3,
    servers: { found: 1, missing: 2 },
    sandboxes: { total: 5, running: 2 },
  })
  expect(status.conditions.map(({ type, status: is, reason }) => `${type} ${is} ${reason}`)).toEqual([
    'Ready True Ready',
    'ServersResolved False ServersMissing',
  ])
  expect(status.conditions[1]!.message).toMatch(/no McpServer gone, lost: create it/)
})

test.each<[string, object, string, object]>([
  ['all are there', { servers: ['a', 'b'] }, 'True Resolved', { found: 2, missing: 0 }],
  ['a selector', { serverSelector: { matchLabels: { tier: 'dev' } } }, 'True Resolved', { found: 2, missing: 0 }],
  [
    'all its labels',
    { serverSelector: { matchLabels: { tier: 'dev', team: 'x' } } },
    'True Resolved',
    { found: 1, missing: 0 },
  ],
  [
    'a selector in vain',
    { serverSelector: { matchLabels: { tier: 'prod' } } },
    'False NothingSelected',
    { found: 0, missing: 0 },
  ],
  ['a selector without labels', { serverSelector: {} }, 'False NothingSelected', { found: 0, missing: 0 }],
  ['an empty list', { servers: [] }, 'True Resolved', { found: 0, missing: 0 }],
])('%s', (_what, spec, resolved, servers) => {
  const status = statusOf(spec)
  expect(`${status.conditions[1]!.status} ${status.conditions[1]!.reason}`).toBe(resolved)
  expect(status.servers).toEqual(servers)
})

test('a group that is not active, or breaks a rule, is not ready and says why', () => {
  expect(statusOf({ servers: ['a'], active: false }).conditions[0]).toMatchObject({
    status: 'False',
    reason: 'Inactive',
  })
  const broken = statusOf({ servers: ['a', 'a'] }).conditions[0]
  expect(broken).toMatchObject({ status: 'False', reason: 'Invalid' })
  expect(broken!.message).toMatch(/^spec\.servers\[1\]: /)
})

test.each([
  [{}, /^nobody is in it: name people in spec\.members/],
  [{ members: { users: ['alice'] } }, /^the people of spec\.members that the hub knows/],
  [{ members: { claims: [{ name: 'groups', value: 'dev' }] } }, /^the people of spec\.members/],
])('a group is ready whoever is in it, and says where that is nobody (%#)', (members, message) => {
  const [ready] = statusOf({ servers: ['a'], ...members }).conditions
  expect(ready).toMatchObject({ status: 'True', reason: 'Ready' })
  expect(ready!.message).toMatch(message)
})

test('many missing names are cut', () => {
  const servers = Array.from({ length: 14 }, (_, i) => `none-${i}`)
  expect(statusOf({ servers }).conditions[1]!.message).toMatch(/none-9 and 4 more: /)
})

test('a server concerns the groups that name or select it, when it comes, goes or changes its labels', () => {
  const groups = [
    group({ servers: ['a'] }, 'names'),
    group({ servers: ['b'] }, 'names-another'),
    group({ serverSelector: { matchLabels: { tier: 'dev' } } }, 'selects'),
  ]
  const [a] = SERVERS.values()
  expect(listConcerned({ type: 'added', key: 'x/a', item: a!, initial: false }, groups)).toEqual([
    'x/names',
    'x/selects',
  ])
  expect(listConcerned({ type: 'deleted', key: 'x/a', before: a! }, groups)).toEqual(['x/names', 'x/selects'])
  expect(listConcerned({ type: 'updated', key: 'x/a', before: a!, item: { ...a! } }, groups)).toEqual([])
  const relabelled = { ...a!, metadata: { ...a!.metadata, labels: {} } }
  expect(listConcerned({ type: 'updated', key: 'x/a', before: a!, item: relabelled }, groups)).toHaveLength(2)
})
