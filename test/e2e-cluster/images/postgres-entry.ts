// Entry of the PostgreSQL image, with the variables of the official one: POSTGRES_USER, POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE, POSTGRES_DB,
// PGDATA. Makes the data folder at the first start, then becomes the server.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

const { env } = process
const bin = '/usr/lib/postgresql/15/bin'
const data = env['PGDATA'] ?? '/var/lib/postgresql/data'
const user = env['POSTGRES_USER'] ?? 'postgres'
const database = env['POSTGRES_DB'] ?? user
const sockets = '/var/run/postgresql'

function readPassword(): string {
  const file = env['POSTGRES_PASSWORD_FILE']
  const password = file ? readFileSync(file, 'utf8').trim() : env['POSTGRES_PASSWORD']
  if (!password) throw new Error('Set POSTGRES_PASSWORD_FILE or POSTGRES_PASSWORD.')
  return password
}

/** Made beside its place and moved there when it is whole: a first start that was killed begins anew. */
function makeData(): void {
  const draft = `${data}.new`
  const passwordFile = '/tmp/password'
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true, mode: 0o700 })
  writeFileSync(passwordFile, readPassword(), { mode: 0o600 })
  const locale = ['--locale', 'C.UTF-8']
  const auth = ['--auth', 'scram-sha-256', '--pwfile', passwordFile, '--encoding', 'UTF8', '--no-sync']
  execFileSync(`${bin}/initdb`, ['-D', draft, '-U', user, ...auth, ...locale], { stdio: 'inherit' })
  rmSync(passwordFile)
  // as the official image: whoever is in the container needs no password
  writeFileSync(`${draft}/pg_hba.conf`, 'local all all trust\nhost all all all scram-sha-256\n')
  if (database !== 'postgres') {
    // the server of one connection: nobody can reach it meanwhile
    const made = spawnSync(`${bin}/postgres`, ['--single', '-D', draft, 'postgres'], {
      input: `CREATE DATABASE "${database}"\n`,
      stdio: ['pipe', 'inherit', 'inherit'],
    })
    if (made.status !== 0) throw new Error(`The database ${database} was not made.`)
  }
  // a volume's own folder can only be filled, not replaced
  rmSync(data, { recursive: true, force: true })
  renameSync(draft, data)
}

if (!existsSync(`${data}/PG_VERSION`)) makeData()
const settings = {
  listen_addresses: '*',
  unix_socket_directories: sockets,
  timezone: 'UTC',
  log_timezone: 'UTC',
  jit: 'off',
}
const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
process.execve?.(`${bin}/postgres`, [`${bin}/postgres`, '-D', data, ...options, ...process.argv.slice(2)], { ...env })
