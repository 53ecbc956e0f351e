// A package is prepared only where it answers as before: one that is bundled, ones that cannot be, and a compile cache that is only read.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import root from '../../package.json' with { type: 'json' }
import tools from '../tools/package.json' with { type: 'json' }
import { keepPlace } from './bundle-package.ts'
import { fetchBundler } from './fetch-bundler.ts'
import { readListing } from './listing.ts'
import { prepare } from './main.ts'

const ROOT = join(import.meta.dirname, '../..')
const NPM = join(ROOT, 'node_modules/npm/bin/npm-cli.js')
const EVERYTHING = join(ROOT, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js')

let bundler: string
beforeAll(async () => {
  bundler = mkdtempSync(join(tmpdir(), 'mcphub-bundler-'))
  await fetchBundler(NPM, bundler)
}, 60_000)
afterAll(() => rmSync(bundler, { recursive: true, force: true }))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcphub-prepared-'))
  mkdirSync(join(folder, 'app'))
  return () => rmSync(folder, { recursive: true, force: true })
})

function prepareProgram(program: string, args: readonly string[]): Promise<string[]> {
  symlinkSync(program, join(folder, 'server'))
  writeFileSync(join(folder, 'check.json'), JSON.stringify({ args, env: {} }))
  return prepare({ packageDir: folder, checkFile: join(folder, 'check.json'), bundlerDir: bundler })
}

const list = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> =>
  readListing({ node: process.execPath, args: [program, ...args], env, cwd: folder })

/** A server of one tool that starts only as the text in `when` says. */
function writeServer(name: string, when: string): string {
  const program = join(folder, 'app', name)
  writeFileSync(
    program,
    `const start = () => require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method } = JSON.parse(line)
      if (id === undefined) return
      const result = method === 'initialize' ? { serverInfo: { name: 'x' } } : { tools: [{ name: String(PLACE) }] }
      process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n')
    })
    ${when}`,
  )
  return program
}

test('a server with files beside its modules is bundled, answers as before, and reads its compile cache from a folder it may not write', async () => {
  const said = await prepareProgram(EVERYTHING, ['stdio'])
  expect(said).toEqual(['bundled; it answers as before', expect.stringMatching(/^compile cache of \d+ modules$/)])
  expect(readlinkSync(join(folder, 'server'))).toBe('app/bundle/server.mjs')
  const server = join(folder, 'server')
  const plain = await list(EVERYTHING, ['stdio'])
  expect(plain).toContain('get-sum')
  expect(await list(server, ['stdio'])).toBe(plain)
  const cache = join(folder, '.compile-cache')
  chmodSync(cache, 0o555)
  const env = { NODE_COMPILE_CACHE: cache, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' }
  const traced = spawnSync(process.execPath, [server, 'no-such-transport'], { env, encoding: 'utf8' }).stderr
  // an ordinary user could not remove it otherwise
  chmodSync(cache, 0o755)
  expect(traced).toContain('accepted')
}, 120_000)

describe('what would not behave the same stays as it is', () => {
  test.each([
    ['it starts only as the main module', 'const PLACE = 1; if (require.main === module) start()', /ended|in time/],
    ['it answers with the path it runs from', 'const PLACE = process.argv[1]; start()', /answer otherwise/],
    [
      'it is no JavaScript a bundler reads',
      'const PLACE = 1; start(); if (globalThis.never) require("./none.node")',
      /none\.node/,
    ],
  ])(
    '%s',
    async (_, when, reason) => {
      const program = writeServer('server.cjs', when)
      const [bundled, warmed] = await prepareProgram(program, [])
      expect(bundled).toMatch(/^not bundled: /)
      expect(bundled).toMatch(reason)
      expect(warmed).toMatch(/^compile cache/)
      expect(readlinkSync(join(folder, 'server'))).toBe(program)
    },
    60_000,
  )
})

describe('a module keeps its place', () => {
  const place = '/p/node_modules/x/index.js'
  test.each([
    ['import.meta.url', '"file:///p/node_modules/x/index.js"'],
    ['join(import.meta.dirname, "a")', 'join("/p/node_modules/x", "a")'],
    ['require(__dirname + "/a")', 'require("/p/node_modules/x" + "/a")'],
    ['options.__dirname', 'options.__dirname'],
    [
      'const __dirname = f(import.meta.url); g(__dirname)',
      'const __dirname = f("file:///p/node_modules/x/index.js"); g(__dirname)',
    ],
  ])('%s', (text, expected) => expect(keepPlace(text, place)).toBe(expected))
})

test('the bundler of packages is the one the project itself is bundled with', () => {
  expect(tools.dependencies.esbuild).toBe(root.devDependencies.esbuild)
})
