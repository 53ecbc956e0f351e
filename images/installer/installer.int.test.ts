// The init container's installer as a process of its own, against a registry of the test's: by version, by lock, and every way it is refused.
import { execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { TestRegistry } from '../../test/kit/registry.ts'
import { startRegistry } from '../../test/kit/registry.ts'

const INSTALLER = join(import.meta.dirname, 'main.ts')
const NPM = join(import.meta.dirname, '../../node_modules/npm/bin/npm-cli.js')
const PACKAGE = { npm: { name: '@mcphub-test/probe-server', version: '1.0.0' } }

let registry: TestRegistry
let folder: string
const at = (...path: string[]): string => join(folder, ...path)

beforeAll(async () => {
  registry = await startRegistry(['probe-server'])
})
afterAll(() => registry.stop())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcphub-installer-'))
  for (const name of ['package', 'tmp', 'registry', 'lock']) mkdirSync(at(name))
  writeFileSync(at('registry/npmrc'), readFileSync(registry.npmrc))
  writeFileSync(at('termination-log'), '')
  return () => rmSync(folder, { recursive: true, force: true })
})

interface Ended {
  readonly code: number
  readonly said: string
  readonly told: string
}

function install(spec: object, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const own = {
    PATH: '/usr/bin:/bin',
    HOME: at('tmp'),
    TMPDIR: at('tmp'),
    MCPHUB_PACKAGE: JSON.stringify(spec),
    MCPHUB_PACKAGE_DIR: at('package'),
    MCPHUB_REGISTRY_DIR: at('registry'),
    MCPHUB_LOCK_DIR: at('lock'),
    MCPHUB_TERMINATION_LOG: at('termination-log'),
    MCPHUB_NPM_CLI: NPM,
    ...env,
  }
  return new Promise((resolve) => {
    execFile(process.execPath, [INSTALLER], { env: own }, (fault, stdout, stderr) => {
      const code = fault === null ? 0 : Number(fault.code)
      resolve({ code, said: stdout + stderr, told: readFileSync(at('termination-log'), 'utf8') })
    })
  })
}

test('the package lies whole in the folder, and `server` is its program', async () => {
  const { code, told } = await install(PACKAGE)
  expect({ code, told }).toEqual({ code: 0, told: '' })
  expect(readlinkSync(at('package/server'))).toBe('app/node_modules/@mcphub-test/probe-server/server.js')
  expect(readFileSync(at('package/server'), 'utf8')).toContain('node')
  expect(existsSync(at('package/.staging'))).toBe(false)
})

test('a second start of the container, also over what a killed one left, ends the same', async () => {
  mkdirSync(at('package/.staging/install-x'), { recursive: true })
  mkdirSync(at('package/.lock'))
  expect((await install(PACKAGE)).code).toBe(0)
  expect((await install(PACKAGE)).code).toBe(0)
  expect(existsSync(at('package/server'))).toBe(true)
})

test('credentials reach the registry and nothing else: no file of the package holds them', async () => {
  const { code, said } = await install(PACKAGE)
  expect(code).toBe(0)
  expect(said).not.toContain(registry.token)
  const files = readdirSync(at('package'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  expect(files.length).toBeGreaterThan(3)
  for (const { parentPath, name } of files) {
    expect(readFileSync(join(parentPath, name), 'latin1')).not.toContain(registry.token)
  }
  // a later step of an image's build runs the package, with the same /tmp
  const left = readdirSync(at('tmp'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  for (const { parentPath, name } of left) {
    expect(readFileSync(join(parentPath, name), 'latin1')).not.toContain(registry.token)
  }
})

describe('by a lock', () => {
  const readLock = async (): Promise<string> => {
    await install(PACKAGE)
    return readFileSync(at('package/app/package-lock.json'), 'utf8')
  }

  test('what it names is installed', async () => {
    writeFileSync(at('lock/package-lock.json'), await readLock())
    expect((await install(PACKAGE)).code).toBe(0)
  })

  test('a file with another integrity is not, for good', async () => {
    const lock = await readLock()
    writeFileSync(at('lock/package-lock.json'), lock.replace(/sha512-.{8}/, 'sha512-AAAAAAAA'))
    rmSync(at('package/server'))
    const { code, told } = await install(PACKAGE)
    expect({ code, told }).toEqual({ code: 65, told: expect.stringContaining('integrity') })
    expect(existsSync(at('package/server'))).toBe(false)
  })

  test('a lock of another package is refused', async () => {
    const lock = (await readLock()).replaceAll('probe-server', 'other-server')
    writeFileSync(at('lock/package-lock.json'), lock)
    expect(await install(PACKAGE)).toMatchObject({ code: 65, told: expect.stringContaining('lock') })
  })
})

describe('what goes wrong is told in one sentence, with whether trying again may help', () => {
  test.each([
    ['a version that is not there', { npm: { ...PACKAGE.npm, version: '9.9.9' } }, {}, 75, 'no such version'],
    ['an executable that is not there', { ...PACKAGE, bin: 'nothing' }, {}, 65, 'no executable of that name'],
    [
      'a package that is not there',
      { npm: { name: '@mcphub-test/none', version: '1.0.0' } },
      {},
      65,
      'no such package',
    ],
  ])('%s', async (_, spec, env, code, sentence) => {
    const ended = await install(spec, env)
    expect(ended.code).toBe(code)
    expect(ended.told).toContain(sentence)
    expect(ended.told.split('\n')).toHaveLength(1)
  })

  test('wrong credentials', async () => {
    const wrong = readFileSync(registry.npmrc, 'utf8').replace(registry.token, 'wrong')
    writeFileSync(at('registry/npmrc'), wrong)
    expect(await install(PACKAGE)).toMatchObject({ code: 65, told: expect.stringContaining('Secret') })
  })

  test('a registry that does not answer', async () => {
    rmSync(at('registry/npmrc'))
    const ended = await install(PACKAGE, { MCPHUB_REGISTRY_URL: 'http://127.0.0.1:9/' })
    expect(ended).toMatchObject({ code: 75, told: expect.stringContaining('refuses connections') })
  })
})
