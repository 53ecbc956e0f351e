// Ten thousand clients that never say goodbye: what they cost while idle, and that nothing of them stays.
import { randomBytes } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { LIMITS } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import { FakeSessionStore } from './fake-world.ts'
import { SessionTable } from './session-table.ts'

const SESSIONS = 10_000
const PER_USER = 50

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
function heap(): number {
  collect()
  return process.memoryUsage().heapUsed
}

const principal = (userId: string): Principal => ({
  userId,
  username: userId,
  role: 'member',
  keyId: `key-${userId}`,
  scope: { servers: null },
  claims: [],
  loginUntil: null,
  via: 'key',
})

test('GW-9: 10 000 idle sessions cost little, all are freed after their idle time, and their ids still open', () => {
  let now = 1_000_000_000
  let freed = 0
  const keys = [randomBytes(32)]
  const table = new SessionTable({
    keys: () => keys,
    store: new FakeSessionStore(),
    limits: LIMITS,
    now: () => now,
    onFreed: () => void (freed += 1),
  })
  const clientInfo = { name: 'editor', version: '1.0.0', title: 'x'.repeat(200) }
  const opened = { revision: '2025-11-25', capabilities: { sampling: {} }, clientInfo, endpoint: '/mcp' }
  const before = heap()
  const ids: string[] = []
  for (let n = 0; n < SESSIONS; n += 1) {
    ids.push(table.open(principal(`user-${n % (SESSIONS / PER_USER)}`), opened).sealed)
  }
  expect(table.size).toBe(SESSIONS)
  // ids of about 1 KiB and the fake store's rows are counted in
  expect((heap() - before) / SESSIONS).toBeLessThan(8 * 1024)

  now += LIMITS.sessionIdleMs + 1
  table.sweep()
  expect(table.size).toBe(0)
  expect(freed).toBe(SESSIONS)
  expect([...table.all()]).toEqual([])
  expect([...table.ofUser('user-0')]).toEqual([])
  expect(table.find(ids[0]!, principal('user-0'), '/mcp')).not.toBeNull()

  const idsAlone = ids.reduce((bytes, id) => bytes + id.length, 0)
  ids.length = 0
  expect(heap() - before).toBeLessThan(idsAlone + SESSIONS * 1024)
})
