// The hub of one machine as a whole: starts its parts in order, keeps them running, ends them in the opposite order.
import path from 'node:path'
import { startConsoleBuild, type ConsoleBuild } from './console-build.ts'
import { checkCatalog, keepSecret, openDataFolder, writePrivate, type DataFolder } from './data-folder.ts'
import {
  endLeftoverGateway,
  startGateway,
  sweepChildren,
  type GatewayProcess,
  type GatewaySetup,
} from './gateway-process.ts'
import { takeLock, type Lock } from './lock.ts'
import { rotateLog } from './log-file.ts'
import type { Options } from './options.ts'
import { checkPort } from './ports.ts'
import { ensureDatabase, ensureRole, withAdmin } from './postgres/databases.ts'
import { startPostgres, type Postgres } from './postgres/postgres.ts'
import { prepareRuntime } from './runtime.ts'
import { createScreen, type Screen } from './screen.ts'
import { watchSources } from './sources.ts'
import { readErrno, StartFault } from './start-fault.ts'
import { supervise, type Part } from './supervise.ts'

const DATABASE = 'mcphub'
const LOG_CHECK_MS = 60_000

/** Runs until a signal asks for the end. Returns the exit code. */
export async function runHub(options: Options): Promise<number> {
  // what is secret gets its mode by name; what PostgreSQL's account and children must reach must not depend on the person's umask
  process.umask(0o022)
  const screen = createScreen({
    json: options.json,
    color: options.color,
    write: (text) => void process.stdout.write(text),
    columns: process.stdout.isTTY ? process.stdout.columns : null,
  })
  const hub = new Hub(options, screen)
  const ended = new Promise<number>((resolve) => {
    let signals = 0
    const onSignal = (signal: string): void => {
      signals += 1
      if (signals === 1) void hub.stop(`Ending the hub (${signal}); calls in flight get 10 s`).then(() => resolve(0))
      else void hub.force().then(() => resolve(130))
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
    process.once('uncaughtException', (error) => {
      screen.fault(`The launcher failed: ${error.message}`, 'The hub ends; its data are kept. Start it again.')
      void hub.force().finally(() => resolve(1))
    })
  })
  const failed = hub.run().then(
    () => ended,
    async (thrown: unknown) => {
      const fault = explain(thrown, options)
      screen.fault(fault.message, fault.fix)
      await hub.stop(null)
      return 1
    },
  )
  return Promise.race([ended, failed])
}

function explain(thrown: unknown, options: Options): StartFault {
  if (thrown instanceof StartFault) return thrown
  if (readErrno(thrown) === 'ENOSPC') {
    return new StartFault(
      'The disk is full.',
      `Free some space below ${options.dataDir}, or choose another folder: make run DATA_DIR=…`,
    )
  }
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return new StartFault(`The hub cannot start: ${reason}`, `Logs are in ${path.join(options.dataDir, 'logs')}.`)
}

const describeEnd = (name: string, how: string, delayMs: number): string =>
  `${name} ended unasked (${how}); starting it again${delayMs < 1_000 ? '' : ` in ${delayMs / 1000} s`}`

class Hub {
  readonly #options: Options
  readonly #screen: Screen
  readonly #startedAt = performance.now()
  readonly #stopping = new AbortController()
  #starting: Promise<void> = Promise.resolve()
  #lock: Lock | null = null
  #postgres: Postgres | null = null
  #gateway: GatewayProcess | null = null
  #setup: GatewaySetup | null = null
  #console: ConsoleBuild | null = null
  #stopped: Promise<void> | null = null
  /** a restart of PostgreSQL under way: a stop must find what it starts */
  #restarting: Promise<void> = Promise.resolve()
  #isReloading = false

  constructor(options: Options, screen: Screen) {
    this.#options = options
    this.#screen = screen
  }

  /** Starts everything, then watches over it until `stop`. @throws StartFault while nothing served yet */
  async run(): Promise<void> {
    this.#starting = this.#start()
    // a stop that comes while a step runs ends what that step started; its failure is of no interest then
    await this.#starting.catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) throw error
    })
    if (this.#stopping.signal.aborted) return
    const logs = setInterval(() => this.#rotateLogs(), LOG_CHECK_MS)
    logs.unref()
    const watcher = this.#options.watch ? watchSources(this.#options.clone, () => this.#reload()) : null
    await Promise.all([this.#superviseGateway(), this.#supervisePostgres()])
    clearInterval(logs)
    watcher?.close()
  }

  #rotateLogs(): void {
    for (const file of [this.#setup?.logFile, this.#postgres?.logFile]) if (file) rotateLog(file)
  }

  /** for `make dev`: ended in order, and the supervision starts it again */
  #reload(): void {
    this.#isReloading = true
    void this.#gateway?.stop()
  }

  async #start(): Promise<void> {
    const options = this.#options
    checkCatalog(options.catalogDir)
    const folder = openDataFolder({ root: options.dataDir, uid: process.getuid?.() })
    this.#lock = takeLock(folder.root)
    const logFile = path.join(folder.logsDir, 'gateway.log')
    rotateLog(logFile)
    const setup = { entry: options.gatewayEntry, dataDir: folder.root, logFile, env: this.#buildEnv(folder) }
    this.#setup = setup
    await this.#sweep(setup, this.#lock.afterKill)
    await checkPort(options.port, options.hosts)
    if (this.#stopping.signal.aborted) return
    if (options.env['MCPHUB_CONSOLE'] !== 'off') this.#console = this.#startConsoleBuild()
    this.#screen.progress('Starting PostgreSQL')
    await this.#startDatabase(folder)
    if (this.#stopping.signal.aborted) return
    this.#screen.progress('Starting the gateway')
    this.#gateway = this.#spawnGateway(setup)
    const ready = await this.#gateway.ready
    const seconds = (performance.now() - this.#startedAt) / 1000
    this.#screen.ready({ ...ready, seconds, dataDir: folder.root, catalogDir: options.catalogDir })
  }

  async #sweep(setup: GatewaySetup, afterKill: boolean): Promise<void> {
    const found = await endLeftoverGateway(setup.dataDir)
    if (!found && !afterKill) return
    this.#screen.progress('Clearing up after an earlier run that was killed')
    await sweepChildren(setup)
  }

  #startConsoleBuild(): ConsoleBuild {
    return startConsoleBuild(this.#options.clone, () =>
      this.#screen.warn('The console could not be built; the hub works without it. `make console` says why.'),
    )
  }

  async #startDatabase(folder: DataFolder): Promise<void> {
    const password = keepSecret(folder, 'database.password')
    this.#postgres = await startPostgres({
      folder: path.join(folder.root, 'postgres'),
      onProgress: (message) => this.#screen.progress(message),
    })
    const owner = { user: DATABASE, password }
    await withAdmin(this.#postgres.adminUrl(), async (client) => {
      await ensureRole(client, owner)
      await ensureDatabase(client, DATABASE, owner.user)
    })
    writePrivate(folder, 'database.url', this.#postgres.url({ ...owner, database: DATABASE }))
  }

  #buildEnv(folder: DataFolder): Record<string, string | undefined> {
    const { env, catalogDir, port } = this.#options
    return {
      ...env,
      MCPHUB_MODE: 'local',
      MCPHUB_DATA_DIR: folder.root,
      MCPHUB_CATALOG_DIR: catalogDir,
      MCPHUB_PORT: String(port),
      // a file, because an environment is shown to every process of the same account
      MCPHUB_DATABASE_URL: undefined,
      MCPHUB_DATABASE_URL_FILE: path.join(folder.privateDir, 'database.url'),
      MCPHUB_KEYRING_FILE: env['MCPHUB_KEYRING_FILE'] ?? path.join(folder.privateDir, 'keyring.json'),
      MCPHUB_HUB_MARK: keepSecret(folder, 'hub.mark'),
      MCPHUB_NODE_PATH: env['MCPHUB_NODE_PATH'] ?? prepareRuntime(folder.root),
    }
  }

  #spawnGateway(setup: GatewaySetup): GatewayProcess {
    return startGateway(setup, (event) => {
      if (event.type === 'progress') this.#screen.progress(event.message, event)
    })
  }

  /** A gateway that died is started again; what it left is ended first, so that no user has two children of one server. */
  #superviseGateway(): Promise<void> {
    const part: Part = {
      exited: async () => (await this.#gateway?.exited) ?? '',
      restart: async () => {
        if (!this.#setup) return
        await sweepChildren(this.#setup)
        if (this.#stopping.signal.aborted) return
        this.#gateway = this.#spawnGateway(this.#setup)
        await this.#gateway.ready
        this.#screen.readyAgain()
      },
      onEnd: (how, delayMs) => {
        if (this.#isReloading) this.#screen.progress('The sources have changed: starting the gateway again')
        else this.#screen.warn(describeEnd('The gateway', how, delayMs))
        this.#isReloading = false
      },
      onFault: (message) => this.#screen.warn(message),
    }
    return supervise(part, this.#stopping.signal)
  }

  /** The gateway answers 503 meanwhile and connects again by itself: the URL stays. */
  #supervisePostgres(): Promise<void> {
    const part: Part = {
      exited: async () => {
        await this.#postgres?.exited
        return `see ${this.#postgres?.logFile}`
      },
      restart: async () => {
        this.#restarting = startPostgres({ folder: path.join(this.#options.dataDir, 'postgres') }).then((postgres) => {
          this.#postgres = postgres
        })
        await this.#restarting
        this.#screen.progress('PostgreSQL runs again')
      },
      onEnd: (how, delayMs) => this.#screen.warn(describeEnd('PostgreSQL', how, delayMs)),
      onFault: (message) => this.#screen.warn(message),
    }
    return supervise(part, this.#stopping.signal)
  }

  /** Graceful: the gateway drains and ends its children, then PostgreSQL writes its checkpoint. Later calls wait for the first. */
  stop(reason: string | null): Promise<void> {
    return (this.#stopped ??= this.#stop(reason))
  }

  async #stop(reason: string | null): Promise<void> {
    this.#stopping.abort()
    this.#console?.stop()
    if (reason) this.#screen.progress(reason)
    const setup = this.#setup
    const wellEnded = this.#gateway ? this.#gateway.stop() : Promise.resolve(true)
    await this.#starting.catch(() => {})
    // the start may have come to its gateway only meanwhile
    await this.#gateway?.stop()
    if (!(await wellEnded) && setup) await sweepChildren(setup)
    await this.#restarting.catch(() => {})
    await this.#postgres?.stop('fast')
    this.#lock?.release()
    if (reason) this.#screen.progress('Everything has ended; the data are kept.')
  }

  /** The impatient end: nothing drains, but nothing stays either. */
  async force(): Promise<void> {
    this.#stopping.abort()
    this.#console?.stop()
    this.#gateway?.kill()
    await Promise.allSettled([this.#starting, this.#restarting])
    this.#gateway?.kill()
    if (this.#setup) await sweepChildren(this.#setup)
    await this.#postgres?.stop('immediate')
    this.#lock?.release()
  }
}
