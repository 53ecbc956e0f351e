// A file that is imported but was never added works for who wrote it and for nobody else: each relative import of a tracked file names a tracked file.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')
const SOURCE = /\.(ts|mts|js|mjs)$/
/** what a lint fixture imports need not exist; the others hold texts of programs */
const NOT_LINKED = /^lint-fixtures\/|^test\/(kube-package\.int|workspace\/tracked-imports)\.test\.ts$/
/** static, dynamic and for the side effect; line by line, so that a text with such words in its middle does not count */
const IMPORT = /^(?:import\s*|(?:import|export)\b[^'"`;]*?\bfrom\s*|.*\bimport\s*\(\s*)['"](\.{1,2}\/[^'"]+)['"]/gm

/** null: not a checkout of this project (an archive, an export inside another repository) */
function listTracked(): Set<string> | null {
  const { status, stdout } = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20 })
  const files = new Set(status === 0 ? stdout.split('\0') : [])
  return files.has('package.json') && files.has('test/workspace/lock-file.test.ts') ? files : null
}

function findUntracked(file: string, text: string, tracked: ReadonlySet<string>): string[] {
  return [...text.matchAll(IMPORT)]
    .map(([, path]) => posix.normalize(posix.join(posix.dirname(file), path!)))
    .filter((path) => SOURCE.test(path) && !tracked.has(path))
    .map((path) => `${file} imports ${path}`)
}

const tracked = listTracked()

test.skipIf(tracked === null)('every relative import of a tracked file names a tracked file', () => {
  const files = [...tracked!].filter((file) => SOURCE.test(file) && !NOT_LINKED.test(file))
  const present = files.filter((file) => existsSync(join(root, file)))
  expect(present.length).toBeGreaterThan(500)
  expect(present.flatMap((file) => findUntracked(file, readFileSync(join(root, file), 'utf8'), tracked!))).toEqual([])
})

test.each([
  `import { a } from './new.ts'`,
  `import './new.ts'`,
  `export * from '../b/new.ts'`,
  `import {\n  a,\n} from './new.ts'`,
  `const late = await import('./new.ts')`,
  `import type { A } from './new.ts'`,
])('a planted one is found: %s', (line) => {
  expect(findUntracked('b/a.ts', `${line}\n`, new Set(['b/a.ts']))).toEqual(['b/a.ts imports b/new.ts'])
  expect(findUntracked('b/a.ts', `${line}\n`, new Set(['b/a.ts', 'b/new.ts']))).toEqual([])
})
