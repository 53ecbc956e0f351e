import { expect, test } from 'vitest'
import { groupSessions, type Session } from './group-sessions.ts'

const session = (id: string, clientName: string | null, minute: number, endedAt: string | null = null): Session => ({
  id,
  userId: '00000000-0000-4000-8000-000000000000',
  username: 'alice',
  keyId: '00000000-0000-4000-8000-000000000001',
  clientName,
  clientVersion: null,
  revision: '2025-11-25',
  endpoint: '/mcp',
  openedAt: '2026-01-01T00:00:00Z',
  lastSeenAt: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`,
  endedAt,
})

test('open ones by client, those used last first', () => {
  const clients = groupSessions([
    session('a', 'Cursor', 1),
    session('b', null, 2),
    session('c', 'Claude Code', 5),
    session('d', 'Cursor', 9),
    session('e', 'Cursor', 10, '2026-01-01T00:11:00Z'),
  ])
  expect(clients.map(({ name, sessions }) => [name, sessions.map(({ id }) => id)])).toEqual([
    ['Cursor', ['d', 'a']],
    ['Claude Code', ['c']],
    [null, ['b']],
  ])
  expect(groupSessions([])).toEqual([])
})
