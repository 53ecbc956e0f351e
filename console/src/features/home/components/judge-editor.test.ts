import { expect, test } from 'vitest'
import { judgeEditor } from './judge-editor.ts'

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString()
const NOW = Date.UTC(2026, 0, 1, 0, 30)
const session = (clientName: string | null, seen: number, isOver = false) => ({
  ...{ clientName, lastSeenAt: at(seen), endedAt: isOver ? at(seen) : null },
})
const key = (used: number | null, expires: number | null = null) => ({
  lastUsedAt: used === null ? null : at(used),
  expiresAt: expires === null ? null : at(expires),
})

test('an open session that called lately is a connected editor, whatever the keys are', () => {
  const sessions = [session('Cursor', 16), session('Claude Code', 19), session('Cursor', 17), session(null, 20)]
  expect(judgeEditor(sessions, [], NOW)).toEqual({
    ...{ kind: 'connected', names: ['Claude Code', 'Cursor'], lastAt: at(20) },
  })
})

test('without one the keys tell: used before, never used, none', () => {
  // one that ended, and one that was never closed but called last 15 minutes ago
  const over = [session('Cursor', 29, true), session('Cursor', 15)]
  expect(judgeEditor(over, [key(null), key(3), key(7)], NOW)).toEqual({ kind: 'away', lastAt: at(7) })
  expect(judgeEditor(over, [key(null)], NOW)).toEqual({ kind: 'unused' })
  expect(judgeEditor(over, [], NOW)).toEqual({ kind: 'none' })
  // one that has expired opens nothing
  expect(judgeEditor(over, [key(3, 29)], NOW)).toEqual({ kind: 'none' })
})
