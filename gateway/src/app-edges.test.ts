// Who loses a server loses the sandbox of it, and nobody else does.
import { expect, test, vi } from 'vitest'
import { buildSandboxInfo, createCatalogDouble, createSandboxesDouble } from '../../test/kit/hub-doubles.ts'
import { followEntitlements } from './app-edges.ts'
import type { Claim } from './auth/principal.ts'
import type { Runtime } from './app-runtime.ts'
import type { Catalog } from './catalog/catalog.ts'
import type { Logger } from './platform/logger.ts'

const stdio = { type: 'Stdio', stdio: { package: { npm: { name: 'x', version: '1.0.0' } } } }
const servers = { files: stdio, open: { ...stdio, access: 'Everyone' }, off: { ...stdio, enabled: false } }
const group = (users: string[], more: object = {}) => ({ servers: ['files', 'open'], members: { users }, ...more })

function make(groups: Record<string, object>) {
  const catalog = createCatalogDouble()
  catalog.set({ servers, groups })
  const sandboxes = createSandboxesDouble()
  for (const username of ['alice', 'bob', null]) {
    for (const server of ['files', 'open', 'off', 'gone']) {
      sandboxes.infos.push(buildSandboxInfo({ userId: username && `id-${username}`, username, server }))
    }
  }
  const stopWhere = vi.spyOn(sandboxes, 'stopWhere')
  const said = new Map<string, readonly Claim[]>()
  const tell = new Set<(userIds: ReadonlySet<string>) => void>()
  const stop = followEntitlements({
    catalog: catalog as unknown as Catalog,
    claims: {
      of: (userId) => said.get(userId) ?? [],
      onChange: (listener) => (tell.add(listener), () => tell.delete(listener)),
    },
    runtime: { sandboxes } as unknown as Runtime,
    logger: { warn: () => undefined } as unknown as Logger,
  })
  /** As a provider does, at a login. */
  const say = (userId: string, ...groups: string[]): void => {
    said.set(
      userId,
      groups.map((value) => ({ name: 'groups', value })),
    )
    for (const listener of tell) listener(new Set([userId]))
  }
  const left = () => sandboxes.infos.map(({ username, server }) => `${username} ${server}`)
  return { catalog, sandboxes, stopWhere, stop, left, say }
}

const all = ['alice', 'bob', 'null'].flatMap((who) =>
  ['files', 'open', 'off', 'gone'].map((server) => `${who} ${server}`),
)

test('one removed from the last group that gives a server; another group that still gives it keeps it', () => {
  const { catalog, stopWhere, left } = make({ one: group(['alice', 'bob']), two: group(['alice']) })
  expect(left()).toEqual(all)
  catalog.set({ servers, groups: { one: group([]), two: group(['alice']) } })
  expect(left()).toEqual(all.filter((name) => name !== 'bob files'))
  expect(stopWhere).toHaveBeenLastCalledWith(expect.any(Function), 'entitlement')
  catalog.set({ servers, groups: { two: group(['alice'], { active: false }) } })
  expect(left()).toEqual(all.filter((name) => !name.endsWith(' files') || name === 'null files'))
})

test('what changed while no gateway ran is found at the start; after the end nothing is', () => {
  const { catalog, stop, left } = make({ one: group(['alice']) })
  expect(left()).toEqual(all.filter((name) => name !== 'bob files'))
  stop()
  catalog.set({ servers, groups: {} })
  expect(left()).toContain('alice files')
})

test('one whom a provider moved out of a group loses what that group alone gave, and nobody else does', () => {
  const byClaim = { servers: ['files', 'open'], members: { claims: [{ name: 'groups', value: 'developers' }] } }
  const { say, catalog, left, stop } = make({ named: group(['alice', 'bob']) })
  say('id-alice', 'developers')
  say('id-bob', 'developers')
  catalog.set({ servers, groups: { byClaim } })
  expect(left()).toEqual(all)
  say('id-bob', 'accounting')
  expect(left()).toEqual(all.filter((name) => name !== 'bob files'))
  stop()
  say('id-alice')
  expect(left()).toContain('alice files')
})

test('what could not be ended is tried again', async () => {
  const { catalog, stopWhere, left, stop } = make({ one: group(['alice', 'bob']) })
  stopWhere.mockRejectedValueOnce(new Error('the database is away'))
  catalog.set({ servers, groups: { one: group(['alice']) } })
  await vi.waitFor(() => expect(left()).not.toContain('bob files'), 5_000)
  stop()
})
