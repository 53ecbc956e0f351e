// Builds the console to console/dist, unless nothing it is made of has changed: `make console`. Built beside and moved into place, so that a
// hub that runs never meets half of it; the stamp, which hubs look at, is written before that.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { build, type Rolldown } from 'vite'

const ROOT = join(import.meta.dirname, '..')
const CONSOLE = join(ROOT, 'console')
const DIST = join(CONSOLE, 'dist')
const STAMP = '.built'

export interface ConsoleStamp {
  /** of everything it was built from */
  readonly hash: string
  /** files of other people's packages in it, from the root: for the bill of materials */
  readonly libraries: readonly string[]
}

/** Returns what the build holds; builds only where something changed. */
export async function buildConsole(): Promise<ConsoleStamp> {
  const hash = hashSources()
  const built = await readStamp()
  if (built?.hash === hash) return built
  const outDir = `${DIST}.${process.pid}`
  const before = process.env['NODE_ENV']
  // or whoever has set it otherwise gets React as it is for its developers, three times the size
  process.env['NODE_ENV'] = 'production'
  try {
    const result = await build({
      root: CONSOLE,
      configFile: join(CONSOLE, 'vite.config.ts'),
      configLoader: 'native',
      logLevel: 'warn',
      build: { outDir, emptyOutDir: true },
    })
    const stamp = { hash, libraries: listLibraries(result as Rolldown.RolldownOutput) }
    await writeFile(join(outDir, STAMP), JSON.stringify(stamp))
    await rm(DIST, { recursive: true, force: true })
    await rename(outDir, DIST)
    return stamp
  } finally {
    if (before === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = before
    await rm(outDir, { recursive: true, force: true })
  }
}

async function readStamp(): Promise<ConsoleStamp | null> {
  try {
    return JSON.parse(await readFile(join(DIST, STAMP), 'utf8')) as ConsoleStamp
  } catch {
    return null
  }
}

function hashSources(): string {
  const hash = createHash('sha256')
  const files = [
    ...['index.html', 'package.json', 'vite.config.ts'].map((name) => join(CONSOLE, name)),
    ...['build', 'public', 'src'].flatMap((name) => listFiles(join(CONSOLE, name))),
    ...listFiles(join(ROOT, 'packages/api/src')),
    join(ROOT, 'packages/api/package.json'),
    join(ROOT, 'package-lock.json'),
  ]
  for (const file of files.filter((one) => !one.endsWith('.test.ts')).sort()) {
    hash
      .update(`${relative(ROOT, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex')
}

const listFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

function listLibraries({ output }: Rolldown.RolldownOutput): string[] {
  const modules = output.flatMap((one) => (one.type === 'chunk' ? one.moduleIds : []))
  const files = modules.map((id) => relative(ROOT, id.split('?', 1)[0]!)).filter((id) => id.startsWith('node_modules/'))
  return [...new Set(files)].sort()
}

if (import.meta.main) await buildConsole()
