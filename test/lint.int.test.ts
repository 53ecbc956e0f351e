// Every rule of oxlint.config.ts that is ours fires: each file of lint-fixtures/ is laid where its first line says, below the real
// configuration, and must give exactly the one finding its second line names (or none).
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const fixtures = join(root, 'lint-fixtures')

interface Fixture {
  readonly name: string
  readonly file: string
  /** `code text`, or 'nothing' */
  readonly fires: string
  readonly text: string
}

async function readFixture(name: string): Promise<Fixture> {
  const text = await readFile(join(fixtures, name), 'utf8')
  const head = /^\/\/ file: (\S+)\n\/\/ fires: (.+)\n/.exec(text)
  if (!head) throw new Error(`${name} must begin with "// file:" and "// fires:"`)
  return { name, file: head[1]!, fires: head[2]!, text }
}

interface Diagnostic {
  readonly filename: string
  readonly code: string
  readonly message: string
  readonly help?: string | null
}

/** oxlint ends with 1 when it found something; that is what is wanted here. */
function lint(folder: string): Promise<readonly Diagnostic[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Diagnostic[]>()
  const oxlint = join(root, 'node_modules/.bin/oxlint')
  const options = { cwd: folder, maxBuffer: 64 * 1024 * 1024, timeout: 60_000 }
  execFile(
    oxlint,
    ['--type-aware', '-f', 'json', 'packages', 'gateway', 'cli', 'launcher', 'operator', 'console'],
    options,
    (error, stdout, stderr) => {
      try {
        resolve((JSON.parse(stdout) as { diagnostics: Diagnostic[] }).diagnostics)
      } catch {
        reject(new Error(`oxlint gave no report: ${error?.message ?? ''}\n${stdout}\n${stderr}`))
      }
    },
  )
  return promise
}

const all = await Promise.all((await readdir(fixtures)).sort().map(readFixture))
const found = new Map<string, string[]>()
let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'mcphub-lint-'))
  for (const name of ['oxlint.config.ts', 'tsconfig.json', 'package.json', 'console/tsconfig.json'])
    await cp(join(root, name), join(scratch, name))
  await symlink(join(root, 'node_modules'), join(scratch, 'node_modules'))
  for (const { file, text } of all) {
    await mkdir(dirname(join(scratch, file)), { recursive: true })
    await writeFile(join(scratch, file), text)
  }
  for (const { filename, code, message, help } of await lint(scratch)) {
    found.set(filename, [...(found.get(filename) ?? []), `${code} ${message} ${help ?? ''}`])
  }
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

test('no two fixtures lie in the same place', () => {
  expect(new Set(all.map(({ file }) => file)).size).toBe(all.length)
})

test.each(all.filter(({ fires }) => fires !== 'nothing'))('R3-7a: $name: $fires', ({ file, fires }) => {
  const [code, ...words] = fires.split(' ')
  const findings = found.get(file) ?? []
  expect(findings).toHaveLength(1)
  expect(findings[0]).toContain(`${code} `)
  expect(findings[0]).toContain(words.join(' '))
})

test.each(all.filter(({ fires }) => fires === 'nothing'))('R3-7a: $name: nothing fires', ({ file }) => {
  expect(found.get(file) ?? []).toEqual([])
})

/** What is on beyond the tool's own defaults must have a fixture; a new rule without one fails here. */
test('R3-7a: every rule of the configuration has a fixture', async () => {
  const config = await readFile(join(root, 'oxlint.config.ts'), 'utf8')
  const section = config.slice(config.indexOf('\n  rules: {'), config.indexOf('\n  overrides: ['))
  const rules = [...section.matchAll(/^ {4}'?([a-z/-]+)'?: (\[?'error')/gm)].map((match) => match[1]!)
  expect(rules.length).toBeGreaterThan(15)
  const proven = new Set(
    all.map(({ fires }) =>
      fires
        .split(' ')[0]!
        .replace(/^eslint\((.*)\)$/, '$1')
        .replace(/\((.*)\)$/, '/$1'),
    ),
  )
  expect(rules.filter((rule) => !proven.has(rule))).toEqual([])
})
