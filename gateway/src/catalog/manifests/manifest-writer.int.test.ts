// Writing a folder of manifests: comments and neighbours stay, what an editor saved meanwhile is not overwritten, a folder that cannot be
// written says so, and the catalogue that watches it takes what was written.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HubError } from '@mcphub/api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import type { CatalogWriter, StoredManifest } from '../writer.ts'
import { createManifestCatalog } from './manifest-catalog.ts'
import { createManifestWriter } from './manifest-writer.ts'
import { SCAN_LIMITS } from './scan.ts'
import { FolderWatch } from './watch.ts'

let folder: string
let writer: CatalogWriter
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcphub-writer-'))
  writer = createManifestWriter({ folder })
})
afterEach(() => {
  chmodSync(folder, 0o755)
  rmSync(folder, { recursive: true })
})

const kind = 'McpServer' as const
const manifest = (name: string, url = `https://${name}.test/mcp`): string =>
  `apiVersion: mcphub.io/v1alpha1\nkind: McpServer\nmetadata:\n  name: ${name} # its name\nspec:\n  type: Remote\n  # where it is\n  remote: {url: "${url}"}\n`
const put = (file: string, text: string): void => writeFileSync(join(folder, file), text)
const textOf = (file: string): string => readFileSync(join(folder, file), 'utf8')
const read = async (name: string): Promise<StoredManifest> => (await writer.read({ kind, name }))!
const faultOf = (work: Promise<unknown>): Promise<HubError> =>
  work.then(
    () => Promise.reject(new Error('it went through')),
    (error: unknown) => error as HubError,
  )

describe('where it is looked for', () => {
  const served = (file: string) => createManifestWriter({ folder, fileOf: () => file })

  test('in the file that serves it first, and there it is changed, whatever else declares it', async () => {
    put('a-copy.yaml', manifest('a', 'https://copy.test/mcp'))
    put('kept.yaml', manifest('a'))
    expect((await read('a')).origin).toEqual({ file: 'a-copy.yaml' })
    const inUse = served('kept.yaml')
    const { origin, version } = (await inUse.read({ kind, name: 'a' }))!
    expect(origin).toEqual({ file: 'kept.yaml' })
    await inUse.apply({ kind, name: 'a', yaml: manifest('a', 'https://new.test/mcp'), version })
    expect(textOf('kept.yaml')).toBe(manifest('a', 'https://new.test/mcp'))
    expect(textOf('a-copy.yaml')).toBe(manifest('a', 'https://copy.test/mcp'))
  })

  test.each(['gone.yaml', 'other.yaml', '../outside.yaml'])(
    'everywhere where that file, %s, has it not',
    async (file) => {
      put('other.yaml', manifest('b'))
      put('there.yaml', manifest('a'))
      expect((await served(file).read({ kind, name: 'a' }))!.origin).toEqual({ file: 'there.yaml' })
      expect(await served(file).read({ kind, name: 'nothing' })).toBeNull()
    },
  )

  test('whether it may be written is tried without waking who watches the folder', async () => {
    let hints = 0
    const watching = new FolderWatch(() => (hints += 1))
    watching.renew([folder])
    for (let trial = 0; trial < 20; trial++) expect(await writer.checkWritable()).toBeNull()
    put('a.yaml', manifest('a'))
    // the file system tells in order: what the trials did would have come before
    await waitUntil(() => hints > 0, 'the file')
    watching.close()
    expect(hints).toBeLessThan(5)
  })
})

describe('a change', () => {
  test('is made in its document alone: comments and the other document of the file stay byte for byte', async () => {
    put('two.yaml', `# both\n---\n${manifest('a')}---\n${manifest('b')}`)
    const { version, yaml, origin, spec, readOnly } = await read('b')
    expect([yaml, origin, readOnly]).toEqual([manifest('b'), { file: 'two.yaml' }, null])
    expect(spec).toEqual({ type: 'Remote', remote: { url: 'https://b.test/mcp' } })
    const saved = await writer.apply({ kind, name: 'b', yaml: manifest('b', 'https://new.test/mcp'), version })
    expect(textOf('two.yaml')).toBe(`# both\n---\n${manifest('a')}---\n${manifest('b', 'https://new.test/mcp')}`)
    expect(saved.version).not.toBe(version)
    expect(saved).toEqual(await read('b'))
    expect(readdirSync(folder)).toEqual(['two.yaml'])
  })

  test('a new one gets a file of its own, whose name is never one that is taken', async () => {
    put('a.yaml', manifest('other'))
    const saved = await writer.apply({ kind, name: 'a', yaml: manifest('a').trimEnd(), version: null })
    expect(saved.origin).toEqual({ file: 'mcpserver-a.yaml' })
    expect(textOf('mcpserver-a.yaml')).toBe(manifest('a'))
    expect(textOf('a.yaml')).toBe(manifest('other'))
  })

  test('JSON stays JSON; the mode of a file stays; a link is followed to the file it leads to', async () => {
    put('a.json', JSON.stringify({ apiVersion: 'mcphub.io/v1alpha1', kind, metadata: { name: 'a' }, spec: {} }))
    await writer.apply({ kind, name: 'a', yaml: manifest('a'), version: (await read('a')).version })
    expect(JSON.parse(textOf('a.json'))).toMatchObject({ spec: { remote: { url: 'https://a.test/mcp' } } })
    mkdirSync(join(folder, 'kept'))
    put('kept/b.txt', manifest('b'))
    chmodSync(join(folder, 'kept/b.txt'), 0o640)
    symlinkSync('kept/b.txt', join(folder, 'b.yaml'))
    await writer.apply({ kind, name: 'b', yaml: manifest('b', 'https://x.test'), version: (await read('b')).version })
    expect(textOf('kept/b.txt')).toBe(manifest('b', 'https://x.test'))
    expect(statSync(join(folder, 'kept/b.txt')).mode & 0o777).toBe(0o640)
  })

  test('of a removed one nothing is left, and a file that holds nothing more goes', async () => {
    put('two.yaml', `# both\n---\n${manifest('a')}---\n${manifest('b')}`)
    await writer.remove({ kind, name: 'a' }, (await read('a')).version)
    expect(textOf('two.yaml')).toBe(`# both\n---\n${manifest('b')}`)
    await writer.remove({ kind, name: 'b' }, (await read('b')).version)
    expect(readdirSync(folder)).toEqual([])
  })

  test('is what the catalogue that watches the folder serves', async () => {
    const log = { info: () => undefined, warn: () => undefined }
    const catalog = createManifestCatalog({ folder, log, lastGoodFile: null })
    await catalog.start()
    await writer.apply({ kind, name: 'a', yaml: manifest('a'), version: null })
    await waitUntil(() => catalog.snapshot().servers.has('a'), 'served')
    await writer.remove({ kind, name: 'a' }, (await read('a')).version)
    await waitUntil(() => catalog.snapshot().servers.size === 0, 'gone')
    expect(catalog.snapshot().faults).toEqual([])
    await catalog.stop()
  })
})

describe('what somebody else did', () => {
  test('edited meanwhile: refused with what is there, and nothing is written', async () => {
    put('a.yaml', manifest('a'))
    const { version } = await read('a')
    put('a.yaml', manifest('a', 'https://theirs.test'))
    const fault = await faultOf(writer.apply({ kind, name: 'a', yaml: manifest('a', 'https://mine.test'), version }))
    expect(fault.code).toBe('conflict')
    const now = await read('a')
    expect(fault.details.data).toEqual({
      reason: 'edited',
      yaml: manifest('a', 'https://theirs.test'),
      version: now.version,
      owners: [],
    })
    expect(textOf('a.yaml')).toBe(manifest('a', 'https://theirs.test'))
    expect((await faultOf(writer.remove({ kind, name: 'a' }, version))).details.data).toMatchObject({
      reason: 'edited',
    })
  })

  test('made or removed meanwhile', async () => {
    put('a.yaml', manifest('a'))
    const { version } = await read('a')
    const anew = await faultOf(writer.apply({ kind, name: 'a', yaml: manifest('a'), version: null }))
    expect(anew.details.data).toMatchObject({ reason: 'exists', version })
    rmSync(join(folder, 'a.yaml'))
    const gone = await faultOf(writer.apply({ kind, name: 'a', yaml: manifest('a'), version }))
    expect(gone.details.data).toMatchObject({ reason: 'gone', yaml: null })
  })

  test('two at once: one is made, the other hears of it', async () => {
    put('a.yaml', manifest('a'))
    const { version } = await read('a')
    const change = (n: number) => writer.apply({ kind, name: 'a', yaml: manifest('a', `https://${n}.test`), version })
    const outcomes = await Promise.allSettled([change(1), change(2)])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(textOf('a.yaml')).toBe(manifest('a', 'https://1.test'))
  })
})

describe('what cannot be written', () => {
  /** As somebody whom the folder's mode holds back; a test that is nobody special needs no change. */
  async function asNobody<T>(work: () => Promise<T>): Promise<T> {
    if (process.getuid?.() !== 0) return work()
    process.seteuid!(65534)
    try {
      return await work()
    } finally {
      process.seteuid!(0)
    }
  }

  test('a folder that is read-only says so when it is looked at and when it is written', async () => {
    put('a.yaml', manifest('a'))
    chmodSync(folder, 0o555)
    await asNobody(async () => {
      const reason = { code: 'folderReadOnly', params: { folder: folder.split('/').at(-1) } }
      expect(await writer.checkWritable()).toEqual(reason)
      const { version, readOnly } = await read('a')
      expect(readOnly).toEqual(reason)
      const fault = await faultOf(writer.apply({ kind, name: 'a', yaml: manifest('a', 'https://x.test'), version }))
      expect([fault.code, fault.details.data]).toEqual(['forbidden', reason])
      expect(
        (await faultOf(writer.apply({ kind, name: 'b', yaml: manifest('b'), version: null }))).details.data,
      ).toEqual(reason)
      expect((await faultOf(writer.remove({ kind, name: 'a' }, version))).details.data).toEqual(reason)
    })
    expect(readdirSync(folder)).toEqual(['a.yaml'])
    expect(textOf('a.yaml')).toBe(manifest('a'))
  })

  test('what would make its file too large to be read is refused, and the file stays as it is', async () => {
    const filler = (letters: number): string => `# ${'k'.repeat(letters)}\n`
    const both = `${manifest('a')}${filler(200_000)}---\n${manifest('b')}`
    put('both.yaml', both)
    const { version } = await read('b')
    const fault = await faultOf(writer.apply({ kind, name: 'b', yaml: manifest('b') + filler(70_000), version }))
    expect(fault).toMatchObject({
      code: 'invalid_params',
      message: expect.stringMatching(/^both\.yaml would be larger/),
    })
    expect(textOf('both.yaml')).toBe(both)
    // letters of three bytes each, in a file of its own
    const large = `${manifest('c')}# ${'한'.repeat(100_000)}\n`
    expect((await faultOf(writer.apply({ kind, name: 'c', yaml: large, version: null }))).code).toBe('invalid_params')
    expect(readdirSync(folder)).toEqual(['both.yaml'])
  })

  test('a new file beyond what is read of the folder is refused, whatever it would push out; a change is not', async () => {
    put('z.yaml', manifest('z'))
    // one that knows where each is does not look through two thousand
    const knowing = createManifestWriter({ folder, fileOf: ({ name }) => `${name}.yaml` })
    const { version } = await read('z')
    // links to nothing count as files do, and looking for a manifest opens none of them
    for (let count = 1; count < SCAN_LIMITS.files; count++) symlinkSync('nothing', join(folder, `n${count}.yaml`))
    const fault = await faultOf(knowing.apply({ kind, name: 'a', yaml: manifest('a'), version: null }))
    expect(fault).toMatchObject({
      code: 'invalid_params',
      message:
        'The folder has 2000 manifest files, and more are not read: remove one, or put several manifests into one file',
    })
    const next = manifest('z', 'https://new.test')
    await knowing.apply({ kind, name: 'z', yaml: next, version })
    expect([readdirSync(folder).length, textOf('z.yaml')]).toEqual([SCAN_LIMITS.files, next])
    rmSync(join(folder, 'n1.yaml'))
    await knowing.apply({ kind, name: 'a', yaml: manifest('a'), version: null })
    expect(textOf('a.yaml')).toBe(manifest('a'))
  })

  test('what would make the folder too large to be read is refused, be it new or longer; what makes it smaller is not', async () => {
    const { fileBytes, totalBytes } = SCAN_LIMITS
    put('b.yaml', `${manifest('b')}# long\n`)
    for (let at = 0; at < totalBytes / fileBytes; at++) put(`z${at}.yaml`, '')
    const fill = (bytes: number): void => {
      for (let at = 0; at < totalBytes / fileBytes; at++)
        truncateSync(join(folder, `z${at}.yaml`), Math.min(fileBytes, Math.max(0, bytes - at * fileBytes)))
    }
    fill(totalBytes - statSync(join(folder, 'b.yaml')).size)
    const refusal = {
      code: 'invalid_params',
      message: expect.stringMatching(/^The manifest files would be larger than 16777216 bytes together.*: shorten/),
    }
    const before = readdirSync(folder)
    expect(await faultOf(writer.apply({ kind, name: 'a', yaml: manifest('a'), version: null }))).toMatchObject(refusal)
    const change = async (yaml: string) => writer.apply({ kind, name: 'b', yaml, version: (await read('b')).version })
    expect(await faultOf(change(`${manifest('b')}# longer\n`))).toMatchObject(refusal)
    expect([readdirSync(folder), textOf('b.yaml')]).toEqual([before, `${manifest('b')}# long\n`])
    await change(`${manifest('b')}# LONG\n`)
    // somebody else filled it beyond that
    fill(totalBytes)
    await change(manifest('b'))
    expect(textOf('b.yaml')).toBe(manifest('b'))
  })

  test('a folder that can be written says so and keeps nothing of the trial', async () => {
    expect(await writer.checkWritable()).toBeNull()
    expect(readdirSync(folder)).toEqual([])
  })

  test('a file that cannot be taken apart is shown and left alone', async () => {
    put('a.yaml', `%YAML 1.2\n---\n${manifest('a')}`)
    const { version, readOnly } = await read('a')
    expect(readOnly).toEqual({ code: 'fileNotEditable', params: { file: 'a.yaml' } })
    const fault = await faultOf(writer.apply({ kind, name: 'a', yaml: manifest('a'), version }))
    expect([fault.code, fault.details.data]).toEqual(['forbidden', readOnly])
  })

  test('a link out of the folder is no manifest of it', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'mcphub-outside-'))
    writeFileSync(join(outside, 'a.yaml'), manifest('a'))
    symlinkSync(join(outside, 'a.yaml'), join(folder, 'a.yaml'))
    expect(await writer.read({ kind, name: 'a' })).toBeNull()
    await writer.apply({ kind, name: 'a', yaml: manifest('a', 'https://x.test'), version: null })
    expect(readFileSync(join(outside, 'a.yaml'), 'utf8')).toBe(manifest('a'))
    rmSync(outside, { recursive: true })
  })
})
