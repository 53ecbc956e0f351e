import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const FLAGS = new URL('v8-flags.ts', import.meta.url).href

/** A burst of objects that all live when they are collected, then many that do not: how many of the next thousand are made among the young ones. */
const PROBE = `
function make(n) { return { n, part: { n } } }
const kept = []
for (let round = 0; round < 40; round++) {
  for (let n = 0; n < 20000; n++) kept.push(make(n))
  gc({ type: 'minor' })
}
kept.length = 0
for (let n = 0; n < 300000; n++) make(n)
let young = 0
for (let n = 0; n < 1000; n++) if (%InYoungGeneration(make(n))) young++
process.stdout.write(String(young))`

function countYoung(...flags: readonly string[]): number {
  const args = ['--allow-natives-syntax', '--expose-gc', ...flags, '--input-type=module', '--eval', PROBE]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(stderr).toBe('')
  return Number(stdout)
}

test('after a burst of sessions what a call makes is still young: V8 left to itself makes it among the old', () => {
  // it does not learn every time
  const alone = Array.from({ length: 12 }, () => countYoung())
  expect(Math.min(...alone)).toBe(0)
  expect(Array.from({ length: 6 }, () => countYoung('--import', FLAGS))).toEqual(Array(6).fill(1000))
})

test('the gateway says so before it loads anything else', () => {
  const source = readFileSync(new URL('../main.ts', import.meta.url), 'utf8')
  expect(/^import .*$/m.exec(source)?.[0]).toBe("import './platform/v8-flags.ts'")
})
