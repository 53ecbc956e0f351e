// 1,000 random kills of upstreams and children while 50 people work. The same with real processes: test/e2e/kills.test.ts.
import { expect, test } from 'vitest'
import { playKills } from './kills.ts'

const SEED = Number(process.env['KILLS_SEED'] ?? Date.now() % 1_000_000_000)

test(`R4-37: 1,000 kills while 50 people work: one answer or one error for each call, none made twice (seed ${SEED})`, async () => {
  console.log(`kills: seed ${SEED}`)
  const report = await playKills({ seed: SEED, kills: 1_000, users: 50, everyMs: 10 })
  expect(report.violations.slice(0, 5)).toEqual([])
  expect(report.kills).toBeGreaterThanOrEqual(1_000)
  // they did work, and not in vain
  expect(report.calls).toBeGreaterThan(1_000)
  expect(report.answered / report.calls).toBeGreaterThan(0.5)
}, 60_000)
