// A real hub for tests and bench: a database of its own, a catalogue folder, the gateway as a child process, an administrator's key.
import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  constants,
  copyFileSync,
  cpSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { AppEvent } from '../../gateway/src/app-events.ts'

const ROOT = new URL('../../', import.meta.url).pathname

/** A run of tests starts some hundred gateways from the same sources: half of what a start costs is to compile them. No bench is helped by it. */
const COMPILED: NodeJS.ProcessEnv = process.env['VITEST']
  ? { NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/node-compile') }
  : {}

export interface HubOptions {
  /** file name → YAML */
  readonly manifests?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** another tree of the gateway's sources (a mutant); default this one */
  readonly gatewayEntry?: string
  /** keep the packages of an earlier hub, so that nothing is installed twice in one run */
  readonly dataDir?: string
  /** packages another hub of this run installed (`keepPackages`), so that they are fetched once */
  readonly packagesFrom?: string
  /** default: a fresh one on the test run's PostgreSQL */
  readonly database?: HubDatabase
  /** a fixed port: a gateway that is started again must be found where it was */
  readonly port?: number
}

export interface HubDatabase {
  readonly url: string
  drop(): Promise<void>
}

type ReadyEvent = Extract<AppEvent, { type: 'ready' }>

export interface TestUser {
  readonly id: string
  readonly username: string
  readonly key: string
}

export class TestHub {
  readonly dataDir: string
  readonly catalogDir: string
  readonly logFile: string
  readonly hubMark = randomBytes(16).toString('hex')
  readonly #options: HubOptions
  #database: HubDatabase | null
  #gateway: ChildProcess | null = null
  #port: number
  ready: ReadyEvent | null = null
  adminKey = ''

  constructor(options: HubOptions) {
    this.#options = options
    this.#port = options.port ?? 0
    this.#database = options.database ?? null
    // below /tmp, so that children under other uids can reach it
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'mcphub-hub-'))
    chmodSync(this.dataDir, 0o711)
    this.catalogDir = join(this.dataDir, 'catalog')
    this.logFile = join(this.dataDir, 'gateway.log')
    mkdirSync(this.catalogDir, { recursive: true, mode: 0o700 })
    if (options.packagesFrom) copyPackages(options.packagesFrom, join(this.dataDir, 'packages'))
    for (const [name, text] of Object.entries(options.manifests ?? {})) this.writeManifest(name, text)
  }

  get port(): number {
    return this.#port
  }

  get pid(): number {
    return this.#gateway?.pid ?? 0
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  writeManifest(name: string, text: string): void {
    writeFileSync(join(this.catalogDir, name), text)
  }

  async start(): Promise<this> {
    // loaded late: the bench runs without vitest, which this module needs
    this.#database ??= await (await import('./postgres.ts')).createDatabase()
    await this.startGateway()
    const token = new URL(this.ready?.setupUrl ?? 'http://none').hash.replace(/^#token=/, '')
    if (token !== '') {
      const setup = await this.request<{ key: string }>('POST', '/api/setup', { token, username: 'root-admin' }, '')
      this.adminKey = setup.key
    }
    return this
  }

  /** Starts the gateway (again, on the port it had). */
  async startGateway(): Promise<void> {
    // in a folder of its own, as the launcher has it: children see the whole folder of their node, so beside it nothing may lie
    const runtime = join(this.dataDir, 'runtime', 'node')
    copyNode(runtime)
    const gateway = fork(this.#options.gatewayEntry ?? join(ROOT, 'gateway/src/main.ts'), [], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execPath: process.execPath,
      execArgv: [],
      env: {
        ...pickInherited(),
        MCPHUB_DATA_DIR: this.dataDir,
        MCPHUB_CATALOG_DIR: this.catalogDir,
        MCPHUB_DATABASE_URL: this.#database?.url,
        MCPHUB_PORT: String(this.#port),
        MCPHUB_HUB_MARK: this.hubMark,
        MCPHUB_NODE_PATH: runtime,
        MCPHUB_LOG_LEVEL: 'debug',
        ...COMPILED,
        ...this.#options.env,
      },
    })
    this.#gateway = gateway
    const log = createWriteStream(this.logFile, { flags: 'a' })
    gateway.stdout?.pipe(log)
    gateway.stderr?.pipe(log)
    this.ready = await new Promise<ReadyEvent>((resolve, reject) => {
      gateway.on('message', (event: AppEvent) => {
        if (event.type === 'ready') resolve(event)
        if (event.type === 'fatal') reject(new Error(event.message))
      })
      gateway.once('exit', (code, signal) =>
        reject(new Error(`the gateway ended: ${code ?? signal}, see ${this.logFile}`)),
      )
    })
    this.#port = Number(new URL(this.ready.endpoint).port)
  }

  /** Ends the gateway as a power cut would; its children are left to whoever must find them. */
  async killGateway(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const gateway = this.#gateway
    if (!gateway || gateway.exitCode !== null || gateway.signalCode !== null) return
    const gone = new Promise((resolve) => gateway.once('exit', resolve))
    gateway.kill(signal)
    await gone
  }

  async stop(): Promise<void> {
    await this.killGateway('SIGTERM')
    await this.#database?.drop()
    const kept = process.env['MCPHUB_TEST_LOGS']
    if (kept) copyFileSync(this.logFile, join(kept, `gateway-${this.pid}.log`))
    if (!this.#options.dataDir) rmSync(this.dataDir, { recursive: true, force: true })
  }

  /** One REST request. @throws Error with status and problem text unless 2xx */
  async request<T>(method: string, path: string, body?: unknown, key = this.adminKey): Promise<T> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...(key ? { authorization: `Bearer ${key}` } : {}), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  async addUser(username: string): Promise<TestUser> {
    const user = await this.request<{ id: string }>('POST', '/api/admin/users', { username })
    const { key } = await this.request<{ key: string }>('POST', `/api/admin/users/${user.id}/keys`, { name: 'test' })
    return { id: user.id, username, key }
  }

  async setVariables(key: string, values: Readonly<Record<string, string>>): Promise<void> {
    await this.request('POST', '/api/user-env-vars', { variables: values }, key)
  }

  /** Copies what is installed to a folder that outlives this hub. */
  keepPackages(folder: string): void {
    copyPackages(join(this.dataDir, 'packages'), folder)
  }

  get databaseUrl(): string {
    return this.#database?.url ?? ''
  }

  endpoint(key: string, path = '/mcp'): URL {
    return new URL(`${this.url}${path}?key=${key}`)
  }
}

/** What the launcher hands on too: how this machine reaches a registry. */
export function pickInherited(): NodeJS.ProcessEnv {
  const wanted =
    /^(PATH|HOME|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|(https?|all|no)_proxy|(npm_config|pip)_.+)$/i
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => wanted.test(name)))
}

function copyPackages(from: string, to: string): void {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true })
}

/** Children run under uids that may not reach this project's folder. */
function copyNode(to: string): void {
  if (existsSync(to)) return
  mkdirSync(dirname(to), { recursive: true, mode: 0o755 })
  copyFileSync(process.execPath, to, constants.COPYFILE_FICLONE)
  chmodSync(to, 0o755)
}

export const startHub = (options: HubOptions = {}): Promise<TestHub> => new TestHub(options).start()
