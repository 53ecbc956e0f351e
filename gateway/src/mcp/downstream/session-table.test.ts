import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Principal } from '../../auth/principal.ts'
import { FakeSessionStore } from './fake-world.ts'
import { createSealer } from './sealer.ts'
import { SessionTable } from './session-table.ts'

const limits = { sessionIdleMs: 1000, sessionAbsoluteMs: 10_000, sessionsPerUser: 3 }
const principal = (userId: string, keyId = 'k'): Principal => ({
  userId,
  username: userId,
  role: 'member',
  keyId,
  scope: { servers: null },
  claims: [],
  loginUntil: null,
  via: 'key',
})
const alice = principal('alice')
const opened = { revision: '2025-11-25', capabilities: {}, clientInfo: null, endpoint: '/mcp' }

let now = 0
let keys: Buffer[]
let store: FakeSessionStore
let freed: string[]
const makeTable = () =>
  new SessionTable({
    keys: () => keys,
    store,
    limits,
    now: () => now,
    onFreed: (session) => void freed.push(session.id),
  })

beforeEach(() => {
  now = 1_000_000
  keys = [randomBytes(32)]
  store = new FakeSessionStore()
  freed = []
})

describe('sealed session ids', () => {
  test('SES-3: an id opens only for its user, key and endpoint, on any table with the keys', () => {
    const { sealed } = makeTable().open(alice, opened)
    const other = makeTable()
    expect(other.find(sealed, principal('bob'), '/mcp')).toBeNull()
    expect(other.find(sealed, principal('alice', 'k2'), '/mcp')).toBeNull()
    expect(other.size).toBe(0)
    expect(other.find(sealed, alice, '/mcp/x')).toBeNull()
    expect(other.find(sealed, alice, '/mcp')).toMatchObject({ userId: 'alice', isReopened: true })
    keys = [randomBytes(32)]
    expect(makeTable().find(sealed, alice, '/mcp')).toBeNull()
  })

  test('it ends at its absolute end and when ended, not when idle', async () => {
    const table = makeTable()
    const first = table.open(alice, opened)
    now += 5000
    table.sweep()
    expect(freed).toEqual([first.id])
    expect(table.find(first.sealed, alice, '/mcp')).not.toBeNull()
    now += 5000
    expect(table.find(first.sealed, alice, '/mcp')).toBeNull()
    const second = table.open(alice, opened)
    await table.end(second)
    expect(table.find(second.sealed, alice, '/mcp')).toBeNull()
  })

  test('what a client says of itself is bounded and pruned', () => {
    const huge = { name: '한'.repeat(5000), version: 'v'.repeat(5000), evil: 'x'.repeat(50_000) }
    const capabilities = {
      sampling: { tools: {}, junk: huge },
      roots: { listChanged: true },
      experimental: { a: huge },
    }
    const table = makeTable()
    const session = table.open(alice, { ...opened, capabilities, clientInfo: huge })
    expect(session.capabilities).toEqual({ sampling: { tools: {} }, roots: { listChanged: true } })
    expect(session.sealed.length).toBeLessThan(2048)
    expect(session.sealed).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(makeTable().find(session.sealed, alice, '/mcp')?.capabilities).toEqual(session.capabilities)
  })

  test('the least recently used live state goes first, busy ones last', () => {
    const table = makeTable()
    const sessions = Array.from({ length: 3 }, () => {
      now++
      return table.open(alice, opened)
    })
    sessions[0]!.inFlight.push({} as never)
    now++
    table.open(alice, opened)
    expect(freed).toEqual([sessions[1]!.id])
    expect(table.size).toBe(3)
  })
})

describe('sealer', () => {
  test('nothing opens that was damaged, made for another purpose or written differently', () => {
    const sealer = createSealer(() => keys, 'a', 'b')
    const text = sealer.seal({ x: 1 })
    expect(sealer.open(text)).toEqual({ x: 1 })
    expect(sealer.seal({ x: 1 })).not.toBe(text)
    for (let at = 0; at < text.length; at++) {
      const flipped = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
      expect(sealer.open(flipped)).toBeNull()
    }
    for (const other of [`${text}=`, ` ${text}`, text.slice(1), '', 'x', `${text}!`])
      expect(sealer.open(other)).toBeNull()
    expect(createSealer(() => keys, 'a', 'c').open(text)).toBeNull()
    expect(createSealer(() => keys, 'c', 'b').open(text)).toBeNull()
  })
})
