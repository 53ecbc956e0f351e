// The folder adapter on a real folder: what an administrator's editor, git and mistakes do to it.
import { mkdir, mkdtemp, readFile, rename, rm, stat, symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Catalog, CatalogSnapshot } from '../catalog.ts'
import { createManifestCatalog } from './manifest-catalog.ts'
import { SCAN_LIMITS } from './scan.ts'

let base: string
let folder: string
let lastGoodFile: string
const started: Catalog[] = []

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'mcphub-catalog-'))
  folder = join(base, 'catalog')
  lastGoodFile = join(base, 'data', 'catalog-last-good.json')
  await mkdir(folder)
})
afterEach(async () => {
  for (const catalog of started.splice(0)) await catalog.stop()
  await rm(base, { recursive: true, force: true })
})

const server = (name: string, host = name): string =>
  `apiVersion: mcphub.io/v1alpha1\nkind: McpServer\nmetadata: {name: ${name}}\nspec:\n  type: Remote\n  remote: {url: https://${host}.example.test/mcp}\n`
const write = (file: string, text: string): Promise<void> => writeFile(join(folder, file), text)
const quiet = { info: () => {}, warn: () => {} }

async function start(timing = {}): Promise<Catalog> {
  const catalog = createManifestCatalog({ folder, log: quiet, lastGoodFile, timing })
  started.push(catalog)
  await catalog.start()
  return catalog
}
const names = (catalog: Catalog): string[] => [...catalog.snapshot().servers.keys()]
const urlOf = (catalog: Catalog, name: string): string | undefined =>
  catalog.snapshot().servers.get(name)?.spec.remote?.url
const faults = (catalog: Catalog): string[] =>
  catalog.snapshot().faults.map(({ file, message }) => `${file}: ${message}`)
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 3000, interval: 10 })

describe('a change takes effect', () => {
  test('it is known which file each stands in, also when it has moved', async () => {
    await write('a.yaml', server('a'))
    const catalog = await start()
    const fileOf = () => catalog.snapshot().declarations!.get('McpServer/a')
    expect(fileOf()).toEqual({ origin: { file: 'a.yaml' }, keeper: null })
    await rename(join(folder, 'a.yaml'), join(folder, 'b.yaml'))
    await until(() => expect(fileOf()?.origin).toEqual({ file: 'b.yaml' }))
  })

  test('R3-2b: a new, a changed and a deleted manifest, each well below a second', async () => {
    await write('a.yaml', server('a'))
    const catalog = await start()
    expect(names(catalog)).toEqual(['a'])
    const before = catalog.snapshot()
    const timed = async (act: () => Promise<void>, check: () => void): Promise<void> => {
      const from = performance.now()
      await act()
      await until(check)
      expect(performance.now() - from).toBeLessThan(900)
    }
    await timed(
      () => write('b.yml', server('b')),
      () => expect(names(catalog)).toEqual(['a', 'b']),
    )
    await timed(
      () => write('a.yaml', server('a', 'new')),
      () => expect(urlOf(catalog, 'a')).toContain('new'),
    )
    await timed(
      () => unlink(join(folder, 'b.yml')),
      () => expect(names(catalog)).toEqual(['a']),
    )
    expect(catalog.snapshot().revision).toBe(before.revision + 3)
    expect(before.servers.get('a')?.spec.remote?.url).toContain('a.example')
  })

  test("R3-2b: an editor's atomic rename, a new subfolder, and without any hint of the file system", async () => {
    await write('a.yaml', server('a'))
    const catalog = await start()
    await write('.a.yaml.swp', server('a', 'renamed'))
    await rename(join(folder, '.a.yaml.swp'), join(folder, 'a.yaml'))
    await until(() => expect(urlOf(catalog, 'a')).toContain('renamed'))
    await mkdir(join(folder, 'team'))
    await write(
      'team/b.json',
      JSON.stringify({
        apiVersion: 'mcphub.io/v1alpha1',
        kind: 'McpServer',
        metadata: { name: 'b' },
        spec: { type: 'Remote', remote: { url: 'https://b.example.test' } },
      }),
    )
    await until(() => expect(names(catalog)).toEqual(['a', 'b']))
    await write('team/b.json', server('b', 'again'))
    await until(() => expect(urlOf(catalog, 'b')).toContain('again'))
  })

  test('subscribers see both states, unchanged servers stay the same objects, and nothing is told when nothing changed', async () => {
    await write('a.yaml', server('a'))
    await write('b.yaml', server('b'))
    const catalog = await start()
    const seen: [CatalogSnapshot, CatalogSnapshot][] = []
    catalog.subscribe(() => {
      throw new Error('a failing reader must not stop the others')
    })
    const unsubscribe = catalog.subscribe((next, previous) => void seen.push([next, previous]))
    await write('a.yaml', `# only a comment\n${server('a')}`)
    await write('b.yaml', server('b', 'other'))
    await until(() => expect(seen).toHaveLength(1))
    const [next, previous] = seen[0]!
    expect(next).toBe(catalog.snapshot())
    expect(next.servers.get('a')).toBe(previous.servers.get('a'))
    expect(next.servers.get('b')).not.toBe(previous.servers.get('b'))
    unsubscribe()
    await write('b.yaml', server('b', 'third'))
    await until(() => expect(urlOf(catalog, 'b')).toContain('third'))
    expect(seen).toHaveLength(1)
  })
})

describe('a fault takes nothing away', () => {
  test('R3-2c: a broken manifest is named with file, line and reason; the last good version and the rest keep serving', async () => {
    await write('a.yaml', server('a'))
    await write('b.yaml', server('b'))
    const catalog = await start()
    const good = catalog.snapshot().servers.get('a')
    await write('a.yaml', server('a').replace('url:', 'urll:'))
    await until(() => expect(catalog.snapshot().faults).toHaveLength(2))
    expect(catalog.snapshot().faults).toContainEqual({
      file: 'a.yaml',
      line: 6,
      resource: 'McpServer/a',
      message: 'unknown field "urll"; did you mean "url"?',
      path: 'spec.remote.urll',
    })
    expect(catalog.snapshot().servers.get('a')).toBe(good)
    await write('b.yaml', server('b', 'still-followed'))
    await until(() => expect(urlOf(catalog, 'b')).toContain('still-followed'))
    await write('a.yaml', server('a', 'mended'))
    await until(() => expect(urlOf(catalog, 'a')).toContain('mended'))
    expect(faults(catalog)).toEqual([])
  })

  test('R3-2c: half-written, emptied and unreadable files', async () => {
    await write('a.yaml', server('a'))
    const catalog = await start()
    for (const text of [server('a').slice(0, 40), '{', 'apiVersion: mcp', '\u0000\u0001']) {
      await write('a.yaml', text)
      await until(() => expect(faults(catalog)).not.toEqual([]))
      expect(names(catalog)).toEqual(['a'])
      await write('a.yaml', server('a'))
      await until(() => expect(faults(catalog)).toEqual([]))
    }
    await truncate(join(folder, 'a.yaml'))
    await until(() => expect(faults(catalog)[0]).toMatch(/holds no resource/))
    await writeFile(join(folder, 'a.yaml'), Buffer.from([0xff, 0xfe, 0x41]))
    await until(() => expect(faults(catalog)[0]).toMatch(/not UTF-8/))
    await write('a.yaml', `# ${'x'.repeat(SCAN_LIMITS.fileBytes)}`)
    await until(() => expect(faults(catalog)[0]).toMatch(/larger than/))
    expect(names(catalog)).toEqual(['a'])
  })

  test('R3-2c: a file written in two steps never shows its first half', async () => {
    await write('two.yaml', `${server('a')}---\n${server('b')}`)
    const catalog = await start()
    const seen: string[] = []
    catalog.subscribe(() => seen.push(names(catalog).join()))
    await write('two.yaml', server('a', 'next'))
    await write('two.yaml', `${server('a', 'next')}---\n${server('b', 'next')}`)
    await until(() => expect(urlOf(catalog, 'b')).toContain('next'))
    expect(new Set(seen)).toEqual(new Set(['a,b']))
  })

  test('R3-2c: a folder that vanishes keeps serving and is followed again when it returns', async () => {
    await write('a.yaml', server('a'))
    const catalog = await start({ pollMs: 50 })
    await rename(folder, `${folder}-away`)
    await until(() => expect(faults(catalog)).toEqual(['.: the folder cannot be read (ENOENT)']))
    expect(names(catalog)).toEqual(['a'])
    await mkdir(folder)
    await write('b.yaml', server('b'))
    await until(() => expect(names(catalog)).toEqual(['b']))
    await write('c.yaml', server('c'))
    await until(() => expect(names(catalog)).toEqual(['b', 'c']))
  })

  test('the hub starts with a folder that is not there yet', async () => {
    await rm(folder, { recursive: true })
    const catalog = await start({ pollMs: 50 })
    expect(names(catalog)).toEqual([])
    expect(faults(catalog)).toHaveLength(1)
    await mkdir(folder)
    await write('a.yaml', server('a'))
    await until(() => expect(names(catalog)).toEqual(['a']))
  })

  test('a manifest broken while the hub was down serves its last good version; one deleted meanwhile is gone', async () => {
    await write('a.yaml', server('a'))
    await write('b.yaml', server('b'))
    const first = await start()
    await first.stop()
    await write('a.yaml', '{{{')
    await unlink(join(folder, 'b.yaml'))
    const second = await start()
    expect(names(second)).toEqual(['a'])
    expect(faults(second)[0]).toMatch(/^a.yaml: not valid YAML/)
    expect((await stat(lastGoodFile)).mode & 0o777).toBe(0o600)
    await second.stop()
    await writeFile(
      lastGoodFile,
      '{"version":1,"resources":[{"file":"a.yaml","line":1,"source":{"kind":"McpServer"}}]}',
    )
    expect(names(await start())).toEqual([])
    expect(JSON.parse(await readFile(lastGoodFile, 'utf8'))).toMatchObject({ version: 1, resources: [] })
  })
})

describe('links and strange entries', () => {
  test('a link out of the folder is refused, one inside is followed, other entries are left alone', async () => {
    await writeFile(join(base, 'outside.yaml'), server('outside'))
    await symlink(join(base, 'outside.yaml'), join(folder, 'evil.yaml'))
    await symlink('/dev/zero', join(folder, 'zero.yaml'))
    await symlink(join(folder, 'nowhere'), join(folder, 'dangling.yaml'))
    await symlink(base, join(folder, 'up'))
    await mkdir(join(folder, '..data'))
    await write('..data/a.yaml', server('a'))
    await symlink('..data/a.yaml', join(folder, 'a.yaml'))
    await mkdir(join(folder, 'dir.yaml'))
    await write('notes.txt', 'no manifest')
    await write('b.yaml~', server('b'))
    const catalog = await start()
    expect(names(catalog)).toEqual(['a'])
    expect(faults(catalog).sort()).toEqual([
      'dangling.yaml: a link to nothing',
      'evil.yaml: a link out of the catalogue folder is not followed',
      'zero.yaml: a link out of the catalogue folder is not followed',
    ])
  })
})
