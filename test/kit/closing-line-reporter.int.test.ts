// The last line of a run agrees with its exit code, also when a file cannot be loaded or no test ran.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'

const ROOT = path.join(import.meta.dirname, '../..')

function runTests(files: Readonly<Record<string, string>>): { line: string | undefined; status: number | null } {
  // in the project, so that `vitest` is found; below a folder that the project's own run does not look into
  const folder = mkdtempSync(path.join(ROOT, 'node_modules/.closing-line-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(path.join(folder, 'vitest.config.mjs'), 'export default { test: { exclude: [] } }')
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text)
  const reporter = path.join(import.meta.dirname, 'closing-line-reporter.ts')
  const args = [path.join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder, '--reporter', reporter]
  const result = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: '/tmp' },
  })
  return { line: result.stdout.trim().split('\n').at(-1), status: result.status }
}

const PASSING = "import { test } from 'vitest'\ntest('a', () => {})\ntest('b', () => {})\n"

describe('the closing line', () => {
  test('counts tests that pass', () => {
    expect(runTests({ 'a.test.js': PASSING })).toEqual({ line: '2 passed, 0 failed', status: 0 })
  })

  test('counts a failing test and a file that cannot be loaded', () => {
    const failing = `${PASSING}test('c', () => { throw new Error('c') })\n`
    const run = runTests({ 'a.test.js': failing, 'b.test.js': "import './absent.js'\n" })
    expect(run).toEqual({ line: '2 passed, 2 failed', status: 1 })
  })

  test('counts an error outside of any test', () => {
    const run = runTests({
      'a.test.js': `${PASSING}setTimeout(() => { throw new Error('late') })\ntest('c', () => new Promise((r) => setTimeout(r, 50)))\n`,
    })
    expect(run.line).toBe('3 passed, 1 failed')
    expect(run.status).toBe(1)
  })

  test('is not a success when no test ran', () => {
    expect(runTests({ 'a.js': '' }).status).toBe(1)
  })
})
