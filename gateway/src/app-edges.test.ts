// Who loses a server loses the sandbox of it, and nobody else does.
import { expect, test, vi } from 'vitest'
import { buildSandboxInfo, createCatalogDouble, createSandboxesDouble } from '../../test/kit/hub-doubles.ts'
import { followEntitlements } from './app-edges.ts'
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
  const stop = followEntitlements(
    catalog as unknown as Catalog,
    { sandboxes } as unknown as Runtime,
    { warn: () => undefined } as unknown as Logger,
  )
  const left = () => sandboxes.infos.map(({ username, server }) => `${username} ${server}`)
  return { catalog, sandboxes, stopWhere, stop, left }
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

test('what could not be ended is tried again', async () => {
  const { catalog, stopWhere, left, stop } = make({ one: group(['alice', 'bob']) })
  stopWhere.mockRejectedValueOnce(new Error('the database is away'))
  catalog.set({ servers, groups: { one: group(['alice']) } })
  await vi.waitFor(() => expect(left()).not.toContain('bob files'), 5_000)
  stop()
})
