// The images that only the stories need, on the cluster's Node image: the servers of people's pods, and a PostgreSQL from the npm package.
import { copyFile, cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { prepareBinaries } from '../../launcher/src/postgres/binaries.ts'
import { cachedArchive } from '../cluster/archive-cache.ts'
import { run } from '../cluster/commands.ts'
import { prepareNodeImage } from '../cluster/images.ts'
import { readNames, writeArchive } from '../cluster/oci-archive.ts'
import { POSTGRES_IMAGE, ROOT, SERVER_IMAGE } from './settings.ts'

const SOURCES = join(import.meta.dirname, 'images')

export interface StoryImages {
  /** paths of archives: the server's, PostgreSQL's */
  readonly archives: readonly string[]
  /** the server's image as a McpServer names it: by digest */
  readonly server: string
}

async function makeServer(base: string, work: string, file: string): Promise<void> {
  const folder = join(work, 'root')
  await mkdir(join(folder, 'app'), { recursive: true })
  await copyFile(join(SOURCES, 'server.js'), join(folder, 'app/server.mjs'))
  await writeArchive(file, { reference: SERVER_IMAGE, folder, base, config: {} })
}

/** initdb asks for the name of the account it runs as. */
const ACCOUNTS = `root:x:0:0:root:/root:/bin/sh
node:x:1000:1000::/home/node:/bin/sh
postgres:x:999:999::/var/lib/postgresql:/bin/sh
postgres70:x:70:70::/var/lib/postgresql:/bin/sh
nobody:x:65534:65534::/:/bin/false
`

/** PostgreSQL and its library folder are linked against it, Node is not. */
async function copyRealtimeLibrary(folder: string): Promise<void> {
  const known = await run(['ldconfig', '-p'])
  const line = known.split('\n').find((one) => one.includes('librt.so.1') && one.includes('x86-64')) ?? ''
  const path = line.split(' => ')[1] ?? ''
  await mkdir(join(folder, 'usr/lib/x86_64-linux-gnu'), { recursive: true })
  await copyFile(path, join(folder, 'usr/lib/x86_64-linux-gnu', basename(path)))
}

/** Answers as PostgreSQL's own does: 0 when connections are taken. */
const IS_READY = `#!/usr/local/bin/node
const socket = require('node:net').connect(+(process.env.PGPORT || 5432), '127.0.0.1', () => process.exit(0))
socket.on('error', () => process.exit(2))
setTimeout(() => process.exit(2), 3000)
`

async function makePostgres(base: string, work: string, file: string): Promise<void> {
  const folder = join(work, 'root')
  await mkdir(join(folder, 'usr/local'), { recursive: true })
  await prepareBinaries(work)
  const [laidOut = ''] = (await readdir(work)).filter((name) => name.startsWith('postgresql-'))
  await cp(join(work, laidOut), join(folder, 'usr/local/pgsql'), { recursive: true, verbatimSymlinks: true })
  await copyRealtimeLibrary(folder)
  await mkdir(join(folder, 'etc'))
  await writeFile(join(folder, 'etc/passwd'), ACCOUNTS)
  await copyFile(join(SOURCES, 'postgres-entry.ts'), join(folder, 'usr/local/pgsql/entry.mts'))
  await mkdir(join(folder, 'usr/local/bin'))
  await writeFile(join(folder, 'usr/local/bin/pg_isready'), IS_READY, { mode: 0o755 })
  const config = { User: '999:999', WorkingDir: '/', Entrypoint: ['node', '/usr/local/pgsql/entry.mts'], Cmd: [] }
  await writeArchive(file, { reference: POSTGRES_IMAGE, folder, base, config })
}

const source = (name: string): Promise<Buffer> => readFile(join(SOURCES, name))

/** Path of the archive; needs no cluster. */
export async function preparePostgresImage(): Promise<string> {
  const base = await prepareNodeImage()
  const code = await readFile(import.meta.filename)
  const launcher = await readFile(join(ROOT, 'launcher/package.json'))
  return cachedArchive({
    name: 'e2e-postgres',
    keys: [base, code, launcher, await source('postgres-entry.ts')],
    make: (work, file) => makePostgres(base, work, file),
  })
}

export async function prepareStoryImages(): Promise<StoryImages> {
  const base = await prepareNodeImage()
  const code = await readFile(import.meta.filename)
  const server = await cachedArchive({
    name: 'e2e-server',
    keys: [base, code, await source('server.js')],
    make: (work, file) => makeServer(base, work, file),
  })
  const postgres = await preparePostgresImage()
  return { archives: [server, postgres], server: (await readNames(server)).byDigest }
}
