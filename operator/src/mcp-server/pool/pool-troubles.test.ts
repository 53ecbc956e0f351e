import { expect, test } from 'vitest'
import { podRefused } from '../../mcp-sandbox/reasons.ts'
import { PoolTroubles } from './pool-troubles.ts'

test('each failure doubles the wait, up to five minutes; another template or ten quiet minutes begin afresh', () => {
  let nowMs = 0
  const troubles = new PoolTroubles(() => nowMs)
  const why = podRefused('x')
  const waits = Array.from({ length: 7 }, () => {
    troubles.add('x/a', 'h1', why)
    return troubles.find('x/a', 'h1')!.waitMs / 1000
  })
  expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300])
  nowMs = 299_000
  expect(troubles.find('x/a', 'h1')).toEqual({ why, waitMs: 1000 })
  expect(troubles.find('x/a', 'h2')).toBeNull()
  expect(troubles.find('x/b', 'h1')).toBeNull()
  nowMs = 600_001
  expect(troubles.find('x/a', 'h1')).toBeNull()
  troubles.add('x/a', 'h1', why)
  expect(troubles.find('x/a', 'h1')!.waitMs).toBe(10_000)
  troubles.forget('x/a')
  expect(troubles.find('x/a', 'h1')).toBeNull()
})
