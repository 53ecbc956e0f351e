import { mcpServerSpec, userGroupSpec } from '@mcphub/api'
import { expect, test, vi } from 'vitest'
import type { Catalog, CatalogGroup, CatalogServer, CatalogSnapshot } from '../../catalog/catalog.ts'
import { deriveServer } from '../../catalog/derive.ts'
import { createAlwaysOn } from './always-on.ts'
import type { User } from './users-service.ts'

const stdio = (name: string, spec: object = {}): CatalogServer =>
  deriveServer({
    name,
    labels: {},
    spec: mcpServerSpec.parse({ type: 'Stdio', stdio: { package: { npm: { name: 'x', version: '1.0.0' } } }, ...spec }),
  })
const group = (name: string, users: string[], startup: string, spec: object = {}): CatalogGroup => ({
  name,
  spec: userGroupSpec.parse({ servers: ['one', 'low'], members: { users }, sandboxes: { startup }, ...spec }),
})

function make(groups: CatalogGroup[], claims = new Map<string, { name: string; value: string }[]>()) {
  const servers = [stdio('one'), stdio('two'), stdio('low', { riskLevel: 'Low' })]
  const byName = <T extends { name: string }>(items: T[]) => new Map(items.map((item) => [item.name, item]))
  let snapshot: CatalogSnapshot = { revision: 1, servers: byName(servers), groups: byName(groups), faults: [] }
  const listeners: (() => void)[] = []
  const catalog: Pick<Catalog, 'snapshot' | 'subscribe'> = {
    snapshot: () => snapshot,
    subscribe: (listener) => {
      listeners.push(() => listener(snapshot, snapshot))
      return () => undefined
    },
  }
  const people = ['alice', 'bob', 'carol'].map((username) => ({ id: `id-${username}`, username }) as User)
  const list = vi.fn(async ({ after }: { after?: string } = {}) =>
    after === undefined ? { users: people.slice(0, 2), next: 'bob' } : { users: people.slice(2), next: null },
  )
  const alwaysOn = createAlwaysOn({
    catalog,
    users: { list, onUserChange: () => () => undefined },
    claimsOf: (userId) => claims.get(userId) ?? [],
    onFault: expect.fail,
  })
  const listed = () =>
    [...alwaysOn.list()].map(({ userId, server, groups: own }) => [userId, server.name, ...own.map(({ name }) => name)])
  return {
    alwaysOn,
    list,
    listed,
    change(next: CatalogGroup[]) {
      snapshot = { ...snapshot, groups: byName(next) }
      for (const tell of listeners) tell()
    },
  }
}

test('active members of groups with startup: Always, for the servers that give each a pod of their own, with all groups that give them', async () => {
  const always = group('always', ['alice', 'carol', 'nobody'], 'Always')
  const { alwaysOn, listed } = make([
    always,
    group('usual', ['alice', 'bob'], 'OnDemand'),
    group('off', ['bob'], 'Always', { active: false }),
  ])
  await alwaysOn.start()
  expect(listed()).toEqual([
    ['id-alice', 'one', 'always', 'usual'],
    ['id-carol', 'one', 'always'],
  ])
  alwaysOn.stop()
})

test('nobody is looked up without such a group; one that comes is', async () => {
  const { alwaysOn, list, listed, change } = make([group('usual', ['alice'], 'OnDemand')])
  await alwaysOn.start()
  expect(list).not.toHaveBeenCalled()
  change([group('usual', ['alice'], 'Always')])
  await vi.waitFor(() => expect(listed()).toEqual([['id-alice', 'one', 'usual']]))
  alwaysOn.stop()
})

test('also whom a provider puts into such a group; what it says counts as long as it is in force', async () => {
  const always = { ...group('always', [], 'Always'), spec: { ...group('always', [], 'Always').spec } }
  always.spec.members = { users: [], claims: [{ name: 'groups', value: 'developers' }] }
  const claims = new Map([['id-bob', [{ name: 'groups', value: 'developers' }]]])
  const { alwaysOn, listed } = make([always], claims)
  await alwaysOn.start()
  expect(listed()).toEqual([['id-bob', 'one', 'always']])
  claims.delete('id-bob')
  expect(listed()).toEqual([])
  alwaysOn.stop()
})
