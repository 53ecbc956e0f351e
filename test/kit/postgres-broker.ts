// vitest globalSetup: keeps one PostgreSQL for the whole run, started when a test first asks for it, and ended with everything it wrote.
import { mkdtempSync, readdirSync, rmSync, chmodSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ensureRole, withAdmin } from '../../launcher/src/postgres/databases.ts'
import { startPostgres, type Postgres } from '../../launcher/src/postgres/postgres.ts'
import { signalProcess } from '../../launcher/src/processes.ts'
import type { TestProject } from 'vitest/node'

/** What a worker is told when it asks. */
export interface SharedPostgres {
  readonly adminUrl: string
  /** an ordinary role, as the gateway has; databases of tests belong to it */
  readonly owner: { readonly user: string; readonly password: string }
}

declare module 'vitest' {
  export interface ProvidedContext {
    postgresBroker: string
  }
}

const PREFIX = 'mcphub-test-'

export default function setup(project: TestProject): () => Promise<void> {
  // sockets have short names, so not below a long TMPDIR
  const base = tmpdir().length < 40 ? tmpdir() : '/tmp'
  removeLeftovers(base)
  const folder = mkdtempSync(path.join(base, `${PREFIX}${process.pid}-`))
  // as root PostgreSQL's account must get through; what is secret below is 0600
  chmodSync(folder, process.getuid?.() === 0 ? 0o711 : 0o700)
  let running: Promise<{ shared: SharedPostgres; postgres: Postgres }> | null = null
  const server = createBroker(() => (running ??= startShared(folder)).then(({ shared }) => shared))
  const socket = path.join(folder, 'broker')
  server.listen(socket)
  server.unref()
  project.provide('postgresBroker', socket)
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true })
  // when vitest is ended so that teardown does not run, the postmaster's watchdog ends it and the next run removes the folder
  process.once('exit', removeFolder)
  return async () => {
    server.close()
    const started = await running?.catch(() => null)
    await started?.postgres.stop('immediate')
    removeFolder()
  }
}

async function startShared(folder: string): Promise<{ shared: SharedPostgres; postgres: Postgres }> {
  const settings = { max_connections: '300' }
  const postgres = await startPostgres({
    folder: path.join(folder, 'shared'),
    binariesFolder: path.join(folder, 'bin'),
    durable: false,
    settings,
  })
  // a run that is cut short must not leave it to the watchdog's patience
  process.once('exit', () => void signalProcess(postgres.process, 'SIGQUIT'))
  const owner = { user: 'mcphub', password: 'test-run-only' }
  const adminUrl = postgres.adminUrl()
  await withAdmin(adminUrl, (client) => ensureRole(client, owner))
  return { shared: { adminUrl, owner }, postgres }
}

/** One question per connection: the worker connects, gets the answer as JSON, the end. */
function createBroker(start: () => Promise<SharedPostgres>): Server {
  return createServer((connection) => {
    connection.on('error', () => {})
    start().then(
      (shared) => connection.end(JSON.stringify(shared)),
      (error: unknown) => connection.end(JSON.stringify({ error: String(error) })),
    )
  })
}

/** Folders of runs that were killed: their names hold the pid. */
function removeLeftovers(base: string): void {
  for (const name of readdirSync(base)) {
    const pid = Number(name.startsWith(PREFIX) ? name.slice(PREFIX.length).split('-')[0] : Number.NaN)
    if (!Number.isInteger(pid) || isRunning(pid)) continue
    try {
      rmSync(path.join(base, name), { recursive: true, force: true })
    } catch {
      // another user's
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
