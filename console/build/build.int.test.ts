// What `make console` leaves behind, as a browser and the gateway meet it.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { buildConsole } from '../../scripts/build-console.ts'

const DIST = join(import.meta.dirname, '../dist')
const read = (name: string): string => readFileSync(join(DIST, name), 'utf8')

let names: readonly string[]

beforeAll(async () => {
  await buildConsole()
  names = readdirSync(DIST, { recursive: true, encoding: 'utf8' })
})

test('the page has nothing in line: all it runs and wears are files of its own with a hash in the name', () => {
  const page = read('index.html')
  const scripts = [...page.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)]
  expect(scripts.length).toBeGreaterThanOrEqual(2)
  for (const [, attributes, inside] of scripts) {
    expect(inside).toBe('')
    expect(attributes).toMatch(/ src="\/assets\/[\w-]+-[\w-]{8}\.js"/)
  }
  expect(page).not.toMatch(/<style|\sstyle=|\son\w+=|https?:/)
  expect(page.indexOf('/assets/theme-')).toBeLessThan(page.indexOf('type="module"'))
})

test('every script and style lies there compressed twice, and is the same when unpacked', () => {
  const large = names.filter((name) => /\.(js|css)$/.test(name) && statSync(join(DIST, name)).size > 2_000)
  expect(large.length).toBeGreaterThan(2)
  for (const name of large) {
    const bytes = readFileSync(join(DIST, name))
    expect(brotliDecompressSync(readFileSync(join(DIST, `${name}.br`))).equals(bytes)).toBe(true)
    expect(gunzipSync(readFileSync(join(DIST, `${name}.gz`))).equals(bytes)).toBe(true)
  }
})

test('no source goes along, and no schema: the table of routes comes without them', () => {
  const scripts = names.filter((name) => name.endsWith('.js')).map(read)
  expect(names.filter((name) => name.endsWith('.map'))).toEqual([])
  expect(scripts.some((code) => code.includes('/api/user/me'))).toBe(true)
  expect(scripts.filter((code) => /ZodError|sourceMappingURL/.test(code))).toEqual([])
})

/** The build fails beyond its budget; this says by how much it keeps it. */
test('R6-9: the first page fetches no page but its own', () => {
  const page = read('index.html')
  const named = [...page.matchAll(/assets\/([\w-]+)-[\w-]{8}\.js/g)].map((match) => match[1]!)
  expect(named.length).toBeGreaterThanOrEqual(2)
  for (const later of ['server-list', 'palette', 'keys-dialog', 'servers']) {
    expect(names.some((name) => name.startsWith(`assets/${later}-`))).toBe(true)
    expect(named).not.toContain(later)
  }
})

test('what has not changed is not built again', async () => {
  const before = statSync(join(DIST, 'index.html')).mtimeMs
  const { libraries } = await buildConsole()
  expect(statSync(join(DIST, 'index.html')).mtimeMs).toBe(before)
  expect(libraries.some((file) => file.startsWith('node_modules/react-dom/'))).toBe(true)
})
