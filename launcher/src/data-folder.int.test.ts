// The data folder on a real file system: modes, versions, space, the runtime and the logs in it.
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  appendFileSync,
  openSync,
  writeSync,
  closeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { checkCatalog, keepSecret, openDataFolder } from './data-folder.ts'
import { rotateLog } from './log-file.ts'
import { prepareRuntime } from './runtime.ts'

let root = ''
const uid = process.getuid?.()

beforeEach(() => {
  const parent = mkdtempSync(path.join(tmpdir(), 'mcphub-data-'))
  root = path.join(parent, 'data')
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }))
})

const modeOf = (file: string): number => statSync(file).mode & 0o777

describe('openDataFolder', () => {
  test('keeps its private part to its account, and as root lets others pass', () => {
    expect(openDataFolder({ root, uid }).isNew).toBe(true)
    expect(modeOf(root)).toBe(uid === 0 ? 0o711 : 0o700)
    expect(modeOf(path.join(root, 'private'))).toBe(0o700)
    expect(modeOf(path.join(root, 'logs'))).toBe(0o700)
    expect(openDataFolder({ root, uid }).isNew).toBe(false)
  })

  test('refuses data of a newer version, and takes a version file that was cut short', () => {
    openDataFolder({ root, uid })
    writeFileSync(path.join(root, 'version.json'), '{"data":2}')
    expect(() => openDataFolder({ root, uid })).toThrow(
      'written by a newer version of the hub (layout 2; this one knows 1)',
    )
    writeFileSync(path.join(root, 'version.json'), '{"da')
    expect(() => openDataFolder({ root, uid })).not.toThrow()
  })

  test('says how much space is missing', () => {
    const freeBytes = (): number => 12 * 1024 * 1024
    expect(() => openDataFolder({ root, uid, freeBytes })).toThrow('has only 12 MiB left; the hub needs 300 MiB')
  })
})

test.runIf(process.platform === 'linux')('a file system that takes no folders is named, not tried for ever', () => {
  expect(() => openDataFolder({ root: '/proc/mcphub/data', uid })).toThrow(
    /\/proc\/mcphub\/data cannot be (made|written)/,
  )
})

test('a catalogue that is no folder is named', () => {
  openDataFolder({ root, uid })
  expect(() => checkCatalog(root)).not.toThrow()
  for (const folder of [path.join(root, 'nope'), path.join(root, 'version.json')])
    expect(() => checkCatalog(folder)).toThrow(`The catalogue ${folder} is not a folder.`)
})

test('keepSecret makes a secret once, in a file of its own account', () => {
  const folder = openDataFolder({ root, uid })
  const made = keepSecret(folder, 'hub.mark')
  expect(made).toMatch(/^[0-9a-f]{48}$/)
  expect(keepSecret(folder, 'hub.mark')).toBe(made)
  expect(modeOf(path.join(root, 'private/hub.mark'))).toBe(0o600)
})

describe('prepareRuntime', () => {
  test('lays out a binary that everybody may execute, and anew when the source is another', () => {
    openDataFolder({ root, uid })
    const source = path.join(root, 'binary')
    writeFileSync(source, 'one', { mode: 0o700 })
    const target = prepareRuntime(root, source)
    expect(readFileSync(target, 'utf8')).toBe('one')
    expect(modeOf(target)).toBe(0o755)
    const { ino } = statSync(target)
    expect(statSync(prepareRuntime(root, source)).ino).toBe(ino)
    rmSync(source)
    writeFileSync(source, 'another', { mode: 0o755 })
    expect(readFileSync(prepareRuntime(root, source), 'utf8')).toBe('another')
    expect(existsSync(`${target}.new`)).toBe(false)
  })
})

describe('rotateLog', () => {
  test('cuts a long file under a process that goes on writing to it', () => {
    openDataFolder({ root, uid })
    const file = path.join(root, 'logs/gateway.log')
    const writer = openSync(file, 'a')
    appendFileSync(file, 'x'.repeat(100))
    expect(rotateLog(file, 100)).toBe(false)
    writeSync(writer, 'y')
    expect(rotateLog(file, 100)).toBe(true)
    writeSync(writer, 'after')
    closeSync(writer)
    expect(readFileSync(file, 'utf8')).toBe('after')
    expect(readFileSync(`${file}.1`, 'utf8')).toBe(`${'x'.repeat(100)}y`)
  })
})
