// The PostgreSQL of the stories, on the cluster's Node image: Debian's, with the programs that back up and restore. 15 is the oldest the hub supports; the
// tests on one machine run the newest.
import { copyFile, cp, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedArchive } from '../cluster/archive-cache.ts'
import { run } from '../cluster/commands.ts'
import { prepareNodeImage } from '../cluster/images.ts'
import { writeArchive } from '../cluster/oci-archive.ts'
import { POSTGRES_IMAGE } from './settings.ts'

const ENTRY = join(import.meta.dirname, 'images/postgres-entry.ts')

/** The programs, and all that they are linked against beyond what the base has. */
const PACKAGES = [
  ...['postgresql-15', 'postgresql-client-15', 'libpq5', 'libc-bin', 'tzdata'],
  ...['libaudit1', 'libcap-ng0', 'libcap2', 'libcom-err2', 'libffi8', 'libgcrypt20', 'libgmp10', 'libgnutls30'],
  ...['libgpg-error0', 'libgssapi-krb5-2', 'libhogweed6', 'libicu72', 'libidn2-0', 'libk5crypto3', 'libkeyutils1'],
  ...['libkrb5-3', 'libkrb5support0', 'libldap-2.5-0', 'liblz4-1', 'liblzma5', 'libnettle8', 'libp11-kit0', 'libpam0g'],
  ...['libreadline8', 'libsasl2-2', 'libssl3', 'libsystemd0', 'libtasn1-6', 'libtinfo6', 'libunistring2', 'libxml2'],
  ...['libzstd1', 'zlib1g'],
]

const HOME = 'usr/lib/postgresql/15'
/** As the official image has them in its path. */
const PROGRAMS = ['initdb', 'pg_dump', 'pg_isready', 'pg_restore', 'postgres', 'psql']

/** initdb asks for the name of the account it runs as. */
const ACCOUNTS = `root:x:0:0:root:/root:/bin/sh
node:x:1000:1000::/home/node:/bin/sh
postgres:x:999:999::/var/lib/postgresql:/bin/sh
postgres70:x:70:70::/var/lib/postgresql:/bin/sh
nobody:x:65534:65534::/:/bin/false
`

async function unpack(work: string): Promise<string> {
  const [packages, all] = [join(work, 'packages'), join(work, 'all')]
  await mkdir(packages)
  await run(['apt-get', 'download', '-qq', ...PACKAGES], { cwd: packages, timeoutMs: 300_000 })
  for (const archive of await readdir(packages)) await run(['dpkg', '-x', join(packages, archive), all])
  return all
}

/** Debian's libraries lie in /lib and in /usr/lib; in the base the one is a link to the other. */
async function copyLibraries(all: string, root: string): Promise<void> {
  const folder = 'usr/lib/x86_64-linux-gnu'
  await mkdir(join(root, folder), { recursive: true })
  for (const from of [folder, folder.replace('usr/', '')]) {
    const files = (await readdir(join(all, from), { withFileTypes: true })).filter((entry) => !entry.isDirectory())
    for (const { name } of files.filter((entry) => entry.name.includes('.so')))
      await cp(join(all, from, name), join(root, folder, name), { verbatimSymlinks: true })
  }
}

async function make(base: string, work: string, file: string): Promise<void> {
  const all = await unpack(work)
  const root = join(work, 'root')
  for (const folder of ['usr/local/bin', 'usr/local/pgsql', 'usr/share', 'usr/lib/locale', 'etc', HOME])
    await mkdir(join(root, folder), { recursive: true })
  await copyLibraries(all, root)
  for (const folder of [HOME, 'usr/share/postgresql', 'usr/share/zoneinfo', 'usr/lib/locale/C.utf8'])
    await cp(join(all, folder), join(root, folder), { recursive: true, verbatimSymlinks: true })
  // what compiles queries needs a compiler
  await rm(join(root, HOME, 'lib/bitcode'), { recursive: true, force: true })
  await rm(join(root, HOME, 'lib/llvmjit.so'), { force: true })
  for (const name of PROGRAMS) await symlink(`/${HOME}/bin/${name}`, join(root, 'usr/local/bin', name))
  await writeFile(join(root, 'etc/passwd'), ACCOUNTS)
  await copyFile(ENTRY, join(root, 'usr/local/pgsql/entry.mts'))
  // as the official image's: at SIGTERM PostgreSQL waits for its clients, and would be killed after a minute
  const config = {
    User: '999:999',
    StopSignal: 'SIGINT',
    WorkingDir: '/',
    Entrypoint: ['node', '/usr/local/pgsql/entry.mts'],
    Cmd: [],
  }
  await writeArchive(file, { reference: POSTGRES_IMAGE, folder: root, base, config })
}

/** Path of the archive; needs no cluster. */
export async function preparePostgresImage(): Promise<string> {
  const base = await prepareNodeImage()
  const keys = [base, await readFile(import.meta.filename), await readFile(ENTRY)]
  return cachedArchive({ name: 'e2e-postgres', keys, make: (work, file) => make(base, work, file) })
}
