// Installs one exact version with everything below it: staged in a folder of the hub alone, renamed into place only when whole.
// The lock file of the first install is kept and used for every later one; scripts run only for packages the manifest names.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { chmod, lstat, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checkLock, keepLock, readKeptLock } from './lock-files.ts'
import { readBins, type Bins } from './package-bins.ts'
import { type NpmConfig, runNpm } from './run-npm.ts'

export interface InstallInput {
  readonly name: string
  readonly version: string
  readonly allowScripts: readonly string[]
}

export interface InstallPaths {
  /** where it is to lie in the end */
  readonly target: string
  readonly staging: string
  readonly lock: string
}

export interface InstallHooks {
  readonly onProgress: (message: string) => void
  readonly signal: AbortSignal
}

/** Written last, inside the folder: its presence says that the install is whole. */
export interface InstallRecord {
  readonly name: string
  readonly version: string
  readonly bins: Bins
}

export const RECORD_FILE = '.mcphub.json'

const QUIET = [
  '--no-audit',
  '--no-fund',
  '--ignore-scripts',
  '--omit=dev',
  '--loglevel=http',
  '--omit-lockfile-registry-resolved',
]

async function resolveLock(config: NpmConfig, folder: string, hooks: InstallHooks): Promise<string> {
  hooks.onProgress('resolving dependencies')
  await runNpm(config, { args: ['install', '--package-lock-only', ...QUIET], folder, signal: hooks.signal })
  return readFileSync(join(folder, 'package-lock.json'), 'utf8')
}

async function download(config: NpmConfig, folder: string, count: number, hooks: InstallHooks): Promise<void> {
  let fetched = 0
  hooks.onProgress(`downloading ${count} packages`)
  await runNpm(config, {
    args: ['ci', ...QUIET],
    folder,
    signal: hooks.signal,
    onFetched: () => hooks.onProgress(`downloading ${Math.min(++fetched, count)} of ${count} packages`),
  })
}

async function runAllowedScripts(
  config: NpmConfig,
  folder: string,
  names: readonly string[],
  hooks: InstallHooks,
): Promise<void> {
  if (names.length === 0) return
  hooks.onProgress(`running the install scripts of ${names.join(', ')}`)
  const args = ['rebuild', '--ignore-scripts=false', '--no-audit', '--no-fund', '--', ...names]
  await runNpm(config, { args, folder, untrusted: true, signal: hooks.signal })
}

/** Readable by the children's uids, writable by the hub alone, whatever umask or archive said. */
async function openForReading(path: string): Promise<void> {
  const stat = await lstat(path)
  if (stat.isSymbolicLink()) return
  const mode = stat.mode & 0o777
  const wanted = stat.isDirectory() ? 0o755 : (mode & 0o744) | 0o444 | ((mode & 0o100) !== 0 ? 0o111 : 0)
  if (mode !== wanted) await chmod(path, wanted)
  if (!stat.isDirectory()) return
  for (const name of await readdir(path)) await openForReading(join(path, name))
}

function readManifest(folder: string, name: string): { version: unknown; bin: unknown } {
  return JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')) as {
    version: unknown
    bin: unknown
  }
}

/** @throws NpmFailure, LockFault or a system error */
export async function installPackage(
  config: NpmConfig,
  input: InstallInput,
  paths: InstallPaths,
  hooks: InstallHooks,
): Promise<InstallRecord> {
  const { name, version } = input
  mkdirSync(paths.staging, { recursive: true, mode: 0o700 })
  const folder = mkdtempSync(join(paths.staging, 'install-'))
  try {
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'mcphub-package', private: true, dependencies: { [name]: version } }),
    )
    const kept = readKeptLock(paths.lock)
    if (kept !== null) writeFileSync(join(folder, 'package-lock.json'), kept)
    const lock = kept ?? (await resolveLock(config, folder, hooks))
    await download(config, folder, checkLock(lock), hooks)
    await runAllowedScripts(config, folder, input.allowScripts, hooks)
    // only a lock that installed is worth keeping
    if (kept === null) keepLock(paths.lock, lock)
    hooks.onProgress('finishing')
    const record: InstallRecord = { name, version, bins: readBins(name, readManifest(folder, name).bin) }
    writeFileSync(join(folder, RECORD_FILE), JSON.stringify(record))
    await openForReading(folder)
    await rm(paths.target, { recursive: true, force: true })
    await rename(folder, paths.target)
    return record
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
