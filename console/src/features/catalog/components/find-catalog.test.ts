import { expect, test } from 'vitest'
import { findGroups, findServers, groupsOf, type ListedGroup } from './find-catalog.ts'
import type { ListedServer } from './server-status.tsx'

const server = (name: string, more: object = {}) =>
  ({
    name,
    displayName: null,
    description: null,
    type: 'Remote',
    status: 'Ready',
    access: 'Groups',
    ...more,
  }) as ListedServer
const group = (name: string, users: string[], servers: string[], active = true) =>
  ({
    name,
    displayName: null,
    description: null,
    active,
    members: { users, claims: [] },
    servers,
  }) as unknown as ListedGroup
const ANY = { q: '', state: '', access: '' }

test('servers by words, by state, by who may use them; by name', () => {
  const all = [
    server('wiki', { description: 'Pages' }),
    server('box', { status: 'Failed' }),
    server('all', { access: 'Everyone' }),
  ]
  const names = (wanted: object) => findServers(all, { ...ANY, ...wanted }).map(({ name }) => name)
  expect(names({})).toEqual(['all', 'box', 'wiki'])
  expect(names({ q: ' PAGES wiki' })).toEqual(['wiki'])
  expect(names({ state: 'Failed' })).toEqual(['box'])
  expect(names({ access: 'Everyone' })).toEqual(['all'])
  expect(names({ q: 'wiki', state: 'Failed' })).toEqual([])
})

test('groups by their names, people and servers; who gives a server', () => {
  const all = [group('writers', ['minsu'], ['wiki']), group('off', ['jisoo'], ['wiki'], false)]
  expect(findGroups(all, 'minsu').map(({ name }) => name)).toEqual(['writers'])
  expect(findGroups(all, 'wiki').map(({ name }) => name)).toEqual(['off', 'writers'])
  expect(groupsOf('wiki', all)).toEqual(['writers'])
})
