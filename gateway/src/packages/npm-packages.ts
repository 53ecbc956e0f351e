// npm packages in the hub's data folder: what is installed, what is being installed, what failed and when it is tried again.
//   packages/<slug>@<version>-<hash>/   one exact version with everything below it; children read it
//   packages/.locks/                    kept lock files    packages/.staging/  half-done installs    packages/.cache/  npm's cache
import { createHash } from 'node:crypto'
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PackageSpec } from '@mcphub/api'
import type { Packages, PackageState } from './packages.ts'
import { installPackage, type InstallInput, type InstallRecord, RECORD_FILE } from './npm/install.ts'
import { LockFault } from './npm/lock-files.ts'
import { describeNpmCode, type NpmFault } from './npm/npm-faults.ts'
import { chooseBin, needsNode } from './npm/package-bins.ts'
import { type NpmConfig, NpmFailure } from './npm/run-npm.ts'

export interface NpmPackagesDeps {
  readonly dataDir: string
  /** the node that runs npm and, later, the servers */
  readonly nodePath: string
  /** npm-cli.js; default: the npm of the gateway's own dependencies */
  readonly npmCli?: string
  /** npmrc with registries and credentials; null: the one of the account the hub runs under */
  readonly npmrc?: string | null
  readonly proxy?: NpmConfig['proxy']
  /** the sandboxes' mark: lets a sweep end an npm that its killed hub left behind */
  readonly hubMark?: string
  /** wait before the 2nd, 3rd, … try in a row after a fault that may pass */
  readonly retryMs?: readonly number[]
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void }
  /** for the start screen; `topic` is the same for all steps of one package */
  readonly onProgress?: (message: string, step: InstallStep) => void
}

export interface InstallStep {
  readonly topic: string
  readonly state: 'running' | 'done' | 'failed'
}

export interface NpmPackages extends Packages {
  /** Ends an install under way; the next start begins it anew. */
  stop(): Promise<void>
}

const RETRY_MS = [2_000, 5_000, 15_000, 60_000, 300_000]
const NAME = /^(?:@[a-z0-9~][a-z0-9._~-]*\/)?[a-z0-9~][a-z0-9._~-]*$/i
const NO_PYPI =
  'Python packages cannot be installed on one machine yet (that needs uv); use an npm package, or a cluster'
const NO_PROXY: NpmConfig['proxy'] = { url: null, noProxy: null, extraCaFile: null }

interface Entry {
  readonly input: InstallInput
  readonly folder: string
  readonly lock: string
  installed: InstallRecord | null
  progress: string | null
  fault: (NpmFault & { readonly retryAt: number | null }) | null
  tries: number
  running: Promise<void> | null
  retry: NodeJS.Timeout | null
}

export function createNpmPackages(deps: NpmPackagesDeps): NpmPackages {
  return new InstalledPackages(deps)
}

class InstalledPackages implements NpmPackages {
  readonly #deps: NpmPackagesDeps
  readonly #npm: NpmConfig
  readonly #root: string
  readonly #entries = new Map<string, Entry>()
  readonly #listeners = new Set<(spec: PackageSpec, state: PackageState) => void>()
  readonly #stopping = new AbortController()
  #queue: Promise<void> = Promise.resolve()
  #prepared = false

  constructor(deps: NpmPackagesDeps) {
    this.#deps = deps
    this.#root = join(deps.dataDir, 'packages')
    this.#npm = {
      nodePath: deps.nodePath,
      npmCli: deps.npmCli ?? fileURLToPath(new URL('bin/npm-cli.js', import.meta.resolve('npm/package.json'))),
      npmrc: deps.npmrc ?? null,
      proxy: deps.proxy ?? NO_PROXY,
      mark: deps.hubMark === undefined ? null : `${deps.hubMark}:install`,
      cacheDir: join(this.#root, '.cache'),
    }
  }

  /** Once, before the first install: folders made, what a killed install left half-done removed. */
  #prepare(): void {
    if (this.#prepared) return
    mkdirSync(this.#root, { recursive: true })
    chmodSync(this.#root, 0o711)
    rmSync(join(this.#root, '.staging'), { recursive: true, force: true })
    for (const name of ['.staging', '.locks', '.cache']) {
      mkdirSync(join(this.#root, name), { recursive: true, mode: 0o700 })
      chmodSync(join(this.#root, name), 0o700)
    }
    this.#prepared = true
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const entry of this.#entries.values()) if (entry.retry !== null) clearTimeout(entry.retry)
    await this.#queue
  }

  state(spec: PackageSpec): PackageState {
    const entry = this.#find(spec)
    if (typeof entry === 'string') return { state: 'Failed', message: entry, retryAt: null }
    if (entry.installed !== null) return this.#present(spec, entry, entry.installed)
    if (entry.progress !== null) return { state: 'Installing', message: entry.progress }
    if (entry.fault === null) return { state: 'Absent' }
    const { message, retryAt } = entry.fault
    return { state: 'Failed', message, retryAt: retryAt === null ? null : new Date(retryAt).toISOString() }
  }

  async ensure(spec: PackageSpec): Promise<PackageState> {
    const entry = this.#find(spec)
    if (typeof entry === 'string' || this.#stopping.signal.aborted) return this.state(spec)
    if (entry.installed === null || !existsSync(join(entry.folder, RECORD_FILE))) {
      if ((entry.fault?.retryAt ?? 0) <= Date.now()) await this.#install(spec, entry)
    }
    return this.state(spec)
  }

  onChange(listener: (spec: PackageSpec, state: PackageState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A sentence when this kind of package can never be installed here. */
  #find(spec: PackageSpec): Entry | string {
    if (spec.npm === undefined) return spec.pypi === undefined ? 'the manifest names no package' : NO_PYPI
    const { name, version } = spec.npm
    if (!NAME.test(name)) return 'this is not a name of an npm package'
    const allowScripts = spec.allowScripts.toSorted()
    const hash = createHash('sha256')
      .update(JSON.stringify([name, version, allowScripts]))
      .digest('hex')
      .slice(0, 12)
    const known = this.#entries.get(hash)
    if (known !== undefined) return known
    const slug = name
      .toLowerCase()
      .replace('@', '')
      .replace(/[^a-z0-9.-]+/g, '-')
      .slice(0, 60)
    const folder = join(this.#root, `${slug}@${version}-${hash}`)
    const entry: Entry = {
      input: { name, version, allowScripts },
      folder,
      lock: join(this.#root, '.locks', `${slug}@${version}-${hash}.json`),
      installed: readRecord(folder),
      progress: null,
      fault: null,
      tries: 0,
      running: null,
      retry: null,
    }
    this.#entries.set(hash, entry)
    return entry
  }

  #present(spec: PackageSpec, entry: Entry, record: InstallRecord): PackageState {
    const chosen = chooseBin(record.name, record.bins, spec.bin)
    if ('fault' in chosen) return { state: 'Failed', message: chosen.fault, retryAt: null }
    const path = join(entry.folder, 'node_modules', record.name, chosen.path)
    const command = needsNode(path, readFirstBytes(path)) ? [this.#npm.nodePath, path] : [path]
    return { state: 'Ready', command, folder: entry.folder }
  }

  /** Behind all others; twice the same is once. */
  #install(spec: PackageSpec, entry: Entry): Promise<void> {
    if (entry.running !== null) return entry.running
    entry.installed = null
    this.#note(spec, entry, 'waiting for other installs')
    const running = this.#queue.then(() => this.#installNow(spec, entry)).finally(() => (entry.running = null))
    entry.running = running
    this.#queue = running
    return running
  }

  async #installNow(spec: PackageSpec, entry: Entry): Promise<void> {
    const { input } = entry
    const label = `${input.name} ${input.version}`
    try {
      this.#prepare()
      const paths = { target: entry.folder, staging: join(this.#root, '.staging'), lock: entry.lock }
      const hooks = { signal: this.#stopping.signal, onProgress: (message: string) => this.#tell(spec, entry, message) }
      entry.installed = await installPackage(this.#npm, input, paths, hooks)
      entry.fault = null
      entry.tries = 0
      this.#deps.log.info({ package: label }, 'package installed')
    } catch (thrown) {
      this.#noteFault(spec, entry, describeFault(thrown))
    }
    entry.progress = null
    const state = this.state(spec)
    this.#deps.onProgress?.(
      state.state === 'Ready'
        ? `${label} is installed`
        : `${label}: ${'message' in state ? state.message : state.state}`,
      { topic: label, state: state.state === 'Ready' ? 'done' : 'failed' },
    )
    for (const listener of this.#listeners) listener(spec, state)
  }

  #noteFault(spec: PackageSpec, entry: Entry, fault: NpmFault): void {
    const waits = this.#deps.retryMs ?? RETRY_MS
    const waitMs = fault.transient ? (waits[Math.min(entry.tries, waits.length - 1)] ?? 0) : null
    entry.tries += 1
    entry.fault = { ...fault, retryAt: waitMs === null ? null : Date.now() + waitMs }
    this.#deps.log.warn(
      { package: entry.input.name, version: entry.input.version, fault: fault.message },
      'package not installed',
    )
    if (waitMs === null || this.#stopping.signal.aborted) return
    entry.retry = setTimeout(() => void this.#install(spec, entry), waitMs)
    entry.retry.unref()
  }

  #tell(spec: PackageSpec, entry: Entry, message: string): void {
    this.#note(spec, entry, message)
    const topic = `${entry.input.name} ${entry.input.version}`
    this.#deps.onProgress?.(`installing ${topic}: ${message}`, { topic, state: 'running' })
  }

  #note(spec: PackageSpec, entry: Entry, message: string): void {
    entry.progress = `installing ${entry.input.name} ${entry.input.version}: ${message}`
    const state = this.state(spec)
    for (const listener of this.#listeners) listener(spec, state)
  }
}

function describeFault(thrown: unknown): NpmFault {
  if (thrown instanceof NpmFailure || thrown instanceof LockFault) return describeNpmCode(thrown.code)
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : null
  return describeNpmCode(code)
}

/** Null: not installed, or not whole. */
function readRecord(folder: string): InstallRecord | null {
  try {
    const record = JSON.parse(readFileSync(join(folder, RECORD_FILE), 'utf8')) as InstallRecord
    const whole = existsSync(join(folder, 'node_modules', record.name, 'package.json'))
    return whole ? record : null
  } catch {
    return null
  }
}

function readFirstBytes(path: string): string {
  const bytes = Buffer.alloc(128)
  try {
    const file = openSync(path, 'r')
    try {
      return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0))
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}
