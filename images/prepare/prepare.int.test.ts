// A package is prepared only where it answers as before: one that is bundled, ones that cannot be, and a compile cache that is only read.
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import root from '../../package.json' with { type: 'json' }
import tools from '../tools/package.json' with { type: 'json' }
import { keepPlace } from './bundle-package.ts'
import { fetchBundler } from './fetch-bundler.ts'
import { readListing } from './listing.ts'

const ROOT = join(import.meta.dirname, '../..')
const NPM = join(ROOT, 'node_modules/npm/bin/npm-cli.js')
const EVERYTHING = join(ROOT, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js')

const hasGo = spawnSync('go', ['version']).status === 0
/** As in the runner image; without Go the package keeps this machine's network. */
const OFFLINE = hasGo ? [join(ROOT, 'sandbox/out/mcphub-shim'), '--offline'] : []
if (!hasGo) console.log('Go is not installed: packages are prepared with the network here, which nothing shuts off.')

let bundler: string
beforeAll(async () => {
  if (hasGo) execFileSync(join(ROOT, 'scripts/build-shim.sh'))
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
  return prepare()
}

/** As the image's build runs it. @returns its sentences */
async function prepare(): Promise<string[]> {
  const [program, ...args] = [...OFFLINE, process.execPath, join(ROOT, 'images/prepare/main.ts')]
  const env = {
    PATH: process.env['PATH'],
    MCPHUB_PACKAGE_DIR: folder,
    MCPHUB_CHECK_FILE: join(folder, 'check.json'),
    MCPHUB_BUNDLER_DIR: bundler,
  }
  const { stdout } = await promisify(execFile)(program, args, { env })
  return stdout.trim().split('\n')
}

const list = (program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> =>
  readListing({ command: [process.execPath, program, ...args], env, cwd: folder })

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

/** Somebody to connect to, on this machine. */
async function listen(): Promise<{ readonly port: number; connections: () => number; close: () => void }> {
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, connections: () => connections, close: () => server.close() }
}

test.skipIf(!hasGo)('a package opens no connection while it is prepared, and starts all the same', async () => {
  const listener = await listen()
  const when = `const PLACE = 1; require('net').connect(${listener.port}, '127.0.0.1').on('connect', start).on('error', start)`
  const program = writeServer('server.cjs', when)
  try {
    expect(await prepareProgram(program, [])).toEqual([
      'bundled; it answers as before',
      expect.stringMatching(/^compile cache/),
    ])
    expect(listener.connections()).toBe(0)
    // it does where it may
    await list(program, [])
    expect(listener.connections()).toBe(1)
  } finally {
    listener.close()
  }
})

test.skipIf(!hasGo)(
  'nor does what a package puts in the place of the bundler',
  async () => {
    const listener = await listen()
    const own = mkdtempSync(join(tmpdir(), 'mcphub-bundler-'))
    const trusted = bundler
    bundler = own
    const main = join(own, 'node_modules/esbuild/lib/main.js')
    mkdirSync(join(own, 'node_modules/esbuild/lib'), { recursive: true })
    writeFileSync(join(own, 'package.json'), '{}')
    const marker = join(folder, 'ran')
    const hostile = `require('fs').writeFileSync(${JSON.stringify(marker)}, ''); require('net').connect(${listener.port}, '127.0.0.1').on('error', () => {})`
    const when = `const PLACE = 1; require('fs').writeFileSync(${JSON.stringify(main)}, ${JSON.stringify(hostile)}); start()`
    try {
      const [bundled] = await prepareProgram(writeServer('server.cjs', when), [])
      expect(bundled).toMatch(/^not bundled: /)
      // it did run, and reached nobody
      expect(existsSync(marker)).toBe(true)
      expect(listener.connections()).toBe(0)
    } finally {
      bundler = trusted
      listener.close()
      rmSync(own, { recursive: true, force: true })
    }
  },
  60_000,
)

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
