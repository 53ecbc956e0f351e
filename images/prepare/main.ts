// Makes an installed package start sooner, while its image is built: mcphub-shim --offline node images/prepare/main.ts. Bundles it where a self-check shows that it still answers the
// same, and warms Node's compile cache, which then lies in the image and is only read. Whatever cannot be done is said, and the package is left as it was.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import type * as Esbuild from 'esbuild'
import { bundlePackage } from './bundle-package.ts'
import { bundlerDir } from './fetch-bundler.ts'
import { readListing } from './listing.ts'

interface PrepareConfig {
  /** of the installer: `server` is the program */
  readonly packageDir: string
  /** how the server starts for the self-check; absent: without arguments */
  readonly checkFile: string
  /** where fetch-bundler.ts left it: this program runs the package, which may write there, and so has neither credentials nor a network */
  readonly bundlerDir: string
}

/** How the server starts for the self-check: the manifest's own arguments, with stand-ins for what only a person has. */
interface Check {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const CACHE = '.compile-cache'

function readCheck(file: string, work: string): Check {
  const check = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Check) : { args: [], env: {} }
  const fill = (text: string): string => text.replaceAll('${WORKDIR}', work)
  return {
    args: check.args.map(fill),
    env: Object.fromEntries(Object.entries(check.env).map(([name, value]) => [name, fill(value)])),
  }
}

/** As fetch-bundler.ts left it. */
async function loadBundler(folder: string): Promise<typeof Esbuild> {
  const bundler = (await import(pathToFileURL(join(folder, 'node_modules/esbuild/lib/main.js')).href)) as {
    readonly default: typeof Esbuild
  }
  return bundler.default
}

interface Listing {
  (program: string, extra?: Readonly<Record<string, string>>): Promise<string>
}

function openListing({ checkFile }: PrepareConfig, work: string): Listing {
  const { args, env } = readCheck(checkFile, work)
  const plain = { PATH: process.env['PATH'] ?? '', HOME: work, TMPDIR: work, ...env }
  return (program, extra = {}) =>
    readListing({
      command: [process.execPath, program, ...args],
      env: { ...plain, ...extra },
      cwd: work,
    })
}

/** @returns what was done, in a sentence */
async function bundle({ packageDir, bundlerDir: tools }: PrepareConfig, list: Listing): Promise<string> {
  const server = join(packageDir, 'server')
  const target = join(packageDir, 'app/bundle')
  rmSync(target, { recursive: true, force: true })
  try {
    const before = await list(server)
    const program = await bundlePackage(await loadBundler(tools), realpathSync(server), target)
    if ((await list(program)) !== before) throw new Error('it would answer otherwise')
    rmSync(server)
    symlinkSync(relative(packageDir, program), server)
    return 'bundled; it answers as before'
  } catch (fault) {
    rmSync(target, { recursive: true, force: true })
    const [first, second = ''] = (fault instanceof Error ? fault.message : String(fault)).split('\n')
    return `not bundled: ${first} ${second}`.trim()
  }
}

async function warm(packageDir: string, list: Listing): Promise<string> {
  const cache = join(packageDir, CACHE)
  mkdirSync(cache, { recursive: true })
  await list(join(packageDir, 'server'), { NODE_COMPILE_CACHE: cache }).catch(() => '')
  const files = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  // read by another uid than the one that wrote it, where an image's files become root's
  for (const { parentPath, name } of files) chmodSync(join(parentPath, name), 0o444)
  return files.length > 0
    ? `compile cache of ${files.length} modules`
    : 'no compile cache: the server did not end by itself'
}

/** Sentences for whoever builds the image. */
async function prepare(config: PrepareConfig): Promise<string[]> {
  const work = mkdtempSync(join(process.env['TMPDIR'] ?? '/tmp', 'mcphub-prepare-'))
  try {
    const list = openListing(config, work)
    return [await bundle(config, list), await warm(config.packageDir, list)]
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const { env } = process
const said = await prepare({
  packageDir: env['MCPHUB_PACKAGE_DIR'] ?? '/package',
  checkFile: env['MCPHUB_CHECK_FILE'] ?? '/etc/mcphub/check.json',
  bundlerDir: bundlerDir(env),
})
for (const sentence of said) console.log(sentence)
