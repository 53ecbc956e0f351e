// Installs the npm package of a McpServer into a pod's emptyDir, before its sandbox starts: one exact version, by the lock where there is one, every file
// checked against its integrity, no install script but those allowed. Runs as the init container of the runner image; there is no shell.
// It ends with 0, with 65 when trying again cannot help, with 75 when it may; the reason is one sentence in the termination message.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installPackage } from '../../gateway/src/packages/npm/install.ts'
import { keepLock, LockFault } from '../../gateway/src/packages/npm/lock-files.ts'
import { describeNpmCode } from '../../gateway/src/packages/npm/npm-faults.ts'
import { chooseBin, needsNode } from '../../gateway/src/packages/npm/package-bins.ts'
import type { NpmConfig } from '../../gateway/src/packages/npm/run-npm.ts'
import { NpmFailure } from '../../gateway/src/packages/npm/run-npm.ts'
import type { InstallerConfig } from './config.ts'
import { readConfig } from './config.ts'

const PERMANENT = 65
const TRANSIENT = 75

const CREDENTIALS = 'the registry wants other credentials (key npmrc of the Secret for installs)'
/** Where one machine's words name what a cluster has not. */
const OWN_WORDS: Readonly<Record<string, string>> = { E401: CREDENTIALS, ENEEDAUTH: CREDENTIALS }

/** What no second attempt changes. */
class InstallFault extends Error {}

/** The registry first: what the Secret's npmrc says of it, and of scopes, wins. Readable by this uid alone, and gone when it is installed. */
function writeNpmrc({ registryUrl, registryDir, tmpDir }: InstallerConfig): string {
  const given = join(registryDir, 'npmrc')
  const text = existsSync(given) ? readFileSync(given, 'utf8') : ''
  const file = join(tmpDir, 'npmrc')
  writeFileSync(file, `${registryUrl === null ? '' : `registry=${registryUrl}\n`}${text}`, { mode: 0o600 })
  return file
}

function buildNpmConfig(config: InstallerConfig): NpmConfig {
  return {
    nodePath: process.execPath,
    npmCli: config.npmCli,
    npmrc: writeNpmrc(config),
    proxy: config.proxy,
    mark: null,
    cacheDir: join(config.tmpDir, 'npm-cache'),
  }
}

function keepGivenLock({ lockDir, packageDir }: InstallerConfig): string {
  const folder = join(packageDir, '.lock')
  // a container that was killed half-way is started again
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { mode: 0o700 })
  const kept = join(folder, 'package-lock.json')
  const given = join(lockDir, 'package-lock.json')
  if (existsSync(given)) keepLock(kept, readFileSync(given, 'utf8'))
  return kept
}

/** `server` → the package's program, where the gateway starts it. */
function linkProgram(packageDir: string, program: string): void {
  const first = readFileSync(join(packageDir, program)).subarray(0, 128).toString('latin1')
  if (!needsNode(program, first))
    throw new InstallFault('the program of the package is none for Node; put it into an image of its own (stdio.image)')
  rmSync(join(packageDir, 'server'), { force: true })
  symlinkSync(program, join(packageDir, 'server'))
}

async function install(config: InstallerConfig): Promise<void> {
  const { name, version, bin, allowScripts, packageDir, tmpDir } = config
  if (allowScripts.length > 0 && !existsSync('/bin/sh'))
    throw new InstallFault('install scripts need a shell, which this image has not; build an image (mcphub image)')
  const lock = keepGivenLock(config)
  const paths = { target: join(packageDir, 'app'), staging: join(packageDir, '.staging'), lock }
  const hooks = { signal: new AbortController().signal, onProgress: (message: string) => console.log(message) }
  const npm = buildNpmConfig(config)
  // where an image is built, the package runs in a later step and could read it there
  const forget = (): void => rmSync(join(tmpDir, 'npmrc'), { force: true })
  const { bins } = await installPackage(npm, { name, version, allowScripts }, paths, hooks).finally(forget)
  const chosen = chooseBin(name, bins, bin)
  if ('fault' in chosen) throw new InstallFault(chosen.fault)
  linkProgram(packageDir, join('app/node_modules', name, chosen.path))
  for (const left of ['.lock', '.staging']) rmSync(join(packageDir, left), { recursive: true, force: true })
}

function describe(fault: unknown): { readonly message: string; readonly code: number } {
  if (fault instanceof InstallFault) return { message: fault.message, code: PERMANENT }
  const code = fault instanceof NpmFailure || fault instanceof LockFault ? fault.code : null
  const system = fault instanceof Error && 'code' in fault ? String(fault.code) : null
  const { message, transient } = describeNpmCode(code ?? system)
  return { message: OWN_WORDS[code ?? ''] ?? message, code: transient ? TRANSIENT : PERMANENT }
}

try {
  await install(readConfig(process.env))
} catch (fault) {
  const { message, code } = describe(fault)
  console.error(message)
  const log = process.env['MCPHUB_TERMINATION_LOG'] ?? '/dev/termination-log'
  if (existsSync(log)) writeFileSync(log, message)
  process.exitCode = code
}
