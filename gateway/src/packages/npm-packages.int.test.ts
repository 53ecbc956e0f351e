import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PackageSpec } from '@mcphub/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startRegistry, type TestRegistry } from '../../../test/kit/registry.ts'
import { createNpmPackages, type NpmPackages, type NpmPackagesDeps } from './npm-packages.ts'

const MEMORY: PackageSpec = {
  npm: { name: '@modelcontextprotocol/server-memory', version: '2026.8.31' },
  allowScripts: [],
}
const PROBE: PackageSpec = { npm: { name: '@mcphub-test/probe-server', version: '1.0.0' }, allowScripts: [] }
const folders: string[] = []
const logs: object[] = []
const makeFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'mcphub-packages-'))
  folders.push(folder)
  return folder
}
const open = (dataDir: string, more: Partial<NpmPackagesDeps> = {}): NpmPackages => {
  const log = (fields: object, message: string) => void logs.push({ ...fields, message })
  return createNpmPackages({
    dataDir,
    nodePath: process.execPath,
    hubMark: 'packages-test',
    proxy,
    log: { info: log, warn: log },
    ...more,
  })
}
const npm = (name: string, version = '1.0.0'): PackageSpec => ({ npm: { name, version }, allowScripts: [] })

/** the machine's own way to the registry */
const proxy = {
  url: process.env['HTTPS_PROXY'] ?? null,
  noProxy: process.env['NO_PROXY'] ?? null,
  extraCaFile: process.env['NODE_EXTRA_CA_CERTS'] ?? null,
}

let registry: TestRegistry
beforeAll(async () => void (registry = await startRegistry(['probe-server'])))
afterAll(async () => {
  await registry.stop()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

describe('a real package from the registry', () => {
  const dataDir = makeFolder()
  let folder = ''
  const lockPath = (): string => {
    const locks = join(dataDir, 'packages', '.locks')
    return join(locks, readdirSync(locks).find((name) => name.endsWith('.json')) ?? 'none')
  }
  /** As somebody who can write the data folder would. */
  const changeLock = (change: (text: string) => string, withChecksum: boolean): void => {
    const text = change(readFileSync(lockPath(), 'utf8'))
    writeFileSync(lockPath(), text)
    if (withChecksum) writeFileSync(`${lockPath()}.sha256`, createHash('sha256').update(text).digest('hex'))
  }

  test('is installed with progress, once, readable by others and writable by the hub alone', async () => {
    const told: string[] = []
    const packages = open(dataDir, { onProgress: (message) => told.push(message) })
    expect(packages.state(MEMORY)).toEqual({ state: 'Absent' })
    const [first, second] = await Promise.all([packages.ensure(MEMORY), packages.ensure(MEMORY)])
    expect(second).toEqual(first)
    if (first.state !== 'Ready') throw new Error(JSON.stringify(first))
    folder = first.folder
    expect(first.command[0]).toBe(process.execPath)
    expect(first.command[1]).toBe(join(folder, 'node_modules/@modelcontextprotocol/server-memory/dist/index.js'))
    expect(told.some((message) => /downloading \d+ of \d+ packages/.test(message))).toBe(true)
    expect(statSync(folder).mode & 0o777).toBe(0o755)
    expect(statSync(first.command[1]!).mode & 0o777).toBe(0o755)
    for (const name of ['.locks', '.staging', '.cache'])
      expect(statSync(join(dataDir, 'packages', name)).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(dataDir, 'packages', '.staging'))).toEqual([])
  })

  test('is known to the next start without any install', () => {
    expect(open(dataDir).state(MEMORY).state).toBe('Ready')
  })

  test('that was deleted comes back from its kept lock', async () => {
    const before = readFileSync(lockPath(), 'utf8')
    rmSync(folder, { recursive: true })
    expect((await open(dataDir).ensure(MEMORY)).state).toBe('Ready')
    expect(readFileSync(lockPath(), 'utf8')).toBe(before)
  })

  test('whose kept lock was edited is refused', async () => {
    const before = readFileSync(lockPath(), 'utf8')
    rmSync(folder, { recursive: true })
    changeLock((text) => text.replace('"requires": true', '"requires":  true'), false)
    const state = await open(dataDir).ensure(MEMORY)
    expect(state).toMatchObject({
      state: 'Failed',
      retryAt: null,
      message: expect.stringContaining('lock file was changed') as string,
    })
    changeLock(() => before, true)
  })

  test('whose download is not what the lock names is refused', async () => {
    const before = readFileSync(lockPath(), 'utf8')
    changeLock((text) => text.replace(/sha512-[A-Za-z0-9+/]{6}/, 'sha512-AAAAAA'), true)
    rmSync(join(dataDir, 'packages', '.cache'), { recursive: true })
    const state = await open(dataDir).ensure(MEMORY)
    expect(state).toMatchObject({ state: 'Failed', message: expect.stringContaining('integrity') as string })
    expect(readdirSync(join(dataDir, 'packages')).filter((name) => name.startsWith('model'))).toEqual([])
    changeLock(() => before, true)
  })

  test('whose install was killed half-way is mended by the next start', async () => {
    const script = `
      import { createNpmPackages } from ${JSON.stringify(new URL('./npm-packages.ts', import.meta.url).href)}
      const log = { info() {}, warn() {} }
      const packages = createNpmPackages({ dataDir: ${JSON.stringify(dataDir)}, nodePath: process.execPath, hubMark: 'packages-test', proxy: ${JSON.stringify(proxy)}, log, onProgress: (message) => process.stdout.write(message + '\\n') })
      await packages.ensure(${JSON.stringify(MEMORY)})`
    const hub = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    for await (const chunk of hub.stdout) {
      said += String(chunk)
      if (said.includes('downloading 5 of')) break
    }
    hub.kill('SIGKILL')
    if (hub.exitCode === null && hub.signalCode === null) await once(hub, 'exit')
    expect(readdirSync(join(dataDir, 'packages', '.staging'))).toHaveLength(1)
    const packages = open(dataDir)
    expect(packages.state(MEMORY).state).toBe('Absent')
    expect((await packages.ensure(MEMORY)).state).toBe('Ready')
    expect(readdirSync(join(dataDir, 'packages', '.staging'))).toEqual([])
  })
})

describe('what cannot be installed says why', () => {
  const fails = async (spec: PackageSpec, more: Partial<NpmPackagesDeps> = {}): Promise<string> => {
    const packages = open(makeFolder(), more)
    const state = await packages.ensure(spec)
    await packages.stop()
    return state.state === 'Failed' ? `${state.message} ${state.retryAt === null ? '' : 'RETRY'}` : state.state
  }

  test('an unknown version', async () => {
    expect(await fails(npm('@modelcontextprotocol/server-memory', '0.0.999'))).toMatch(/no such version/)
  })
  test('an unknown package', async () => {
    expect(await fails(npm('@mcphub-test/not-there'), { npmrc: registry.npmrc })).toMatch(/no such package/)
  })
  test('missing credentials', async () => {
    const npmrc = join(makeFolder(), 'npmrc')
    writeFileSync(npmrc, readFileSync(registry.npmrc, 'utf8').replace(/^.*_authToken=.*$/m, ''))
    expect(await fails(PROBE, { npmrc })).toMatch(/wants credentials/)
  })
  test('a registry that is away, with a time of the next try', async () => {
    const npmrc = join(makeFolder(), 'npmrc')
    writeFileSync(npmrc, 'registry=http://127.0.0.1:1/\n')
    expect(await fails(npm('anything'), { npmrc, retryMs: [60_000] })).toMatch(/refuses connections RETRY/)
  })
  test('names that are none, and Python', async () => {
    expect(await fails(npm('../../etc'))).toMatch(/not a name/)
    expect(await fails({ pypi: { name: 'mcp-server-git', version: '1.0.0' }, allowScripts: [] })).toMatch(/Python/)
  })
  test('a data folder that is a file', async () => {
    const dataDir = makeFolder()
    writeFileSync(join(dataDir, 'packages'), '')
    expect((await open(dataDir).ensure(PROBE)).state).toBe('Failed')
  })
})

describe('a private registry', () => {
  test('its credentials are used and lie in no file a child can read', async () => {
    const dataDir = makeFolder()
    const state = await open(dataDir, { npmrc: registry.npmrc }).ensure(PROBE)
    if (state.state !== 'Ready') throw new Error(JSON.stringify(state))
    const files = readdirSync(join(dataDir, 'packages'), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    )
    expect(files.length).toBeGreaterThan(3)
    for (const file of files)
      expect(readFileSync(join(file.parentPath, file.name), 'latin1')).not.toContain(registry.token)
    expect(JSON.stringify(logs)).not.toContain(registry.token)
  })

  test('a fault that passes is mended without being asked again', async () => {
    const dataDir = makeFolder()
    const npmrc = join(makeFolder(), 'npmrc')
    writeFileSync(npmrc, '@mcphub-test:registry=http://127.0.0.1:1/\n')
    const packages = open(dataDir, { npmrc, retryMs: [50] })
    const ready = new Promise<string>((resolve) => {
      packages.onChange((_, state) => {
        if (state.state === 'Failed') writeFileSync(npmrc, readFileSync(registry.npmrc, 'utf8'))
        if (state.state === 'Ready') resolve(state.state)
      })
    })
    expect((await packages.ensure(PROBE)).state).toBe('Failed')
    expect(await ready).toBe('Ready')
    await packages.stop()
  })

  test('installs stand in a queue', async () => {
    const dataDir = makeFolder()
    mkdirSync(join(dataDir, 'x'))
    const told: string[] = []
    const packages = open(dataDir, { npmrc: registry.npmrc, onProgress: (message) => told.push(message) })
    await Promise.all([packages.ensure(PROBE), packages.ensure({ ...PROBE, allowScripts: ['other'] })])
    const done = told.findIndex((message) => message.endsWith('is installed'))
    expect(told.slice(0, done).filter((message) => message.endsWith('resolving dependencies'))).toHaveLength(1)
    expect(told.filter((message) => message.endsWith('is installed'))).toHaveLength(2)
  })
})
