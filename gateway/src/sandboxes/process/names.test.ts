// Folder names and ids: whatever users and servers are called, a name is one plain name and belongs to one owner.
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeHostileServer } from '../../../../test/kit/hostile-sandboxes.ts'
import type { SandboxOwner } from '../sandboxes.ts'
import { checkName, sandboxPaths } from './folders.ts'
import { identify } from './identity.ts'
import { buildMountTable } from './jail.ts'
import { openUids } from './uids.ts'

const deriveId = (parts: readonly string[]): string =>
  createHmac('sha256', 'k').update(JSON.stringify(parts)).digest('hex').slice(0, 40)
const owner = (userId: string | null, more: Partial<SandboxOwner> = {}): SandboxOwner => ({
  userId,
  username: null,
  sessionId: null,
  discovery: false,
  ...more,
})

test('BOX-8: hostile names of users, servers and sessions give distinct plain names that stay below the data folder', () => {
  const hostile = fc.oneof(
    fc.constantFrom('../../etc', '.', '..', 'CON', 'A', 'a', '', '/', '한글', '😀', 'a\0b', 'x'.repeat(300)),
    fc.string({ unit: 'binary' }),
  )
  const seen = new Map<string, string>()
  const { kept } = sandboxPaths('/data')
  const server = makeHostileServer()
  fc.assert(
    fc.property(hostile, hostile, fc.option(hostile), fc.boolean(), (user, name, sessionId, discovery) => {
      const request = { server: { ...server, name }, owner: owner(user, { sessionId, discovery }) }
      const identity = identify(deriveId, request)
      const key = JSON.stringify([user, name, sessionId, discovery])
      const before = seen.get(identity.id) ?? key
      seen.set(identity.id, key)
      const path = relative(kept, join(kept, identity.user, identity.server))
      return before === key && path === `${identity.user}/${identity.server}`
    }),
    { numRuns: 500 },
  )
})

test('BOX-8: a shared, a discovery and a user’s own sandbox of one server are three', () => {
  const server = makeHostileServer()
  const owners = [owner(null), owner(null, { discovery: true }), owner('shared'), owner('discovery'), owner('')]
  expect(new Set(owners.map((each) => identify(deriveId, { server, owner: each }).id)).size).toBe(owners.length)
})

test.each([
  '',
  '.',
  '..',
  'a/b',
  '../aaaaaaaaaa',
  'AAAAAAAAAA',
  'aaaaaaa\n',
  '-aaaaaaaaa',
  'é'.repeat(10),
  'a'.repeat(81),
])('BOX-8: %j is refused as a folder name', (name) => expect(() => checkName(name)).toThrow())

test('uids are given once per pair, kept over a restart and freed with the user', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-uids-'))
  const path = join(folder, 'uids')
  const range = { first: 3_000_000, count: 4 }
  const uids = openUids(path, range)
  expect([uids.allocate('u', 's'), uids.allocate('u', 't'), uids.allocate('v', 's'), uids.allocate('u', 's')]).toEqual([
    3_000_000, 3_000_001, 3_000_002, 3_000_000,
  ])
  const again = openUids(path, range)
  expect(again.allocate('v', 's')).toBe(3_000_002)
  again.free('u')
  // a freed one is taken last: files it left behind would be the next owner's
  expect([again.allocate('w', 's'), again.allocate('w', 't'), again.allocate('w', 'u')]).toEqual([
    3_000_003, 3_000_000, 3_000_001,
  ])
  expect(again.allocate('x', 's')).toBeNull()
  expect(openUids(path, range).owned()).toEqual(new Set([3_000_000, 3_000_001, 3_000_002, 3_000_003]))
  rmSync(folder, { recursive: true })
})

test('a folder with blanks or a # is one field of the mount table', () => {
  const table = buildMountTable({
    mountPoint: '/data/mount',
    devices: '/data/devices',
    readable: ['/opt/my node#1'],
    work: '/data/box one/work',
    tmp: '/data/box one/tmp',
    cwd: '/',
    uid: null,
    own: { uid: 1000, gid: 1000 },
    system: ['/usr'],
  })
  expect(table).toContain('/opt/my\\040node\\0431 /data/mount/opt/my\\040node\\0431 none rbind,ro')
  for (const line of table.split('\n')) expect(line.split(' ')).toHaveLength(6)
})
