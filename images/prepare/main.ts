// Makes an installed package start sooner, while its image is built: node images/prepare/main.ts. Bundles it where a self-check shows that it still answers the
// same, and warms Node's compile cache, which then lies in the image and is only read. Whatever cannot be done is said, and the package is left as it was.
import { execFile } from 'node:child_process'
import {
  chmodSync,
  cpSync,
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
import { promisify } from 'node:util'
import type * as Esbuild from 'esbuild'
import { bundlePackage } from './bundle-package.ts'
import { readListing } from './listing.ts'

const run = promisify(execFile)

export interface PrepareConfig {
  /** of the installer: `server` is the program */
  readonly packageDir: string
  /** how the server starts for the self-check; absent: without arguments */
  readonly checkFile: string
  readonly npmCli: string
}

/** How the server starts for the self-check: the manifest's own arguments, with stand-ins for what only a person has. */
interface Check {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const CACHE = '.compile-cache'
/** The bundler, by name and lock: fetched where a package is prepared, and no part of any image. */
const TOOLS = join(import.meta.dirname, '../tools')

function readCheck(file: string, work: string): Check {
  const check = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Check) : { args: [], env: {} }
  const fill = (text: string): string => text.replaceAll('${WORKDIR}', work)
  return {
    args: check.args.map(fill),
    env: Object.fromEntries(Object.entries(check.env).map(([name, value]) => [name, fill(value)])),
  }
}

/** The same secrets as the installer's. */
function readRegistry(): Readonly<Record<string, string>> {
  const files = { npm_config_userconfig: 'npmrc', NODE_EXTRA_CA_CERTS: 'ca.crt' }
  const given = Object.entries(files).map(([name, file]) => [name, join('/etc/mcphub/registry', file)] as const)
  return Object.fromEntries(given.filter(([, path]) => existsSync(path)))
}

/** The bundler by its lock, into a folder that does not become part of the image. */
async function loadBundler(npmCli: string, work: string): Promise<typeof Esbuild> {
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(TOOLS, file), join(work, file))
  const env = { ...process.env, ...readRegistry(), HOME: work, npm_config_cache: join(work, '.npm') }
  await run(process.execPath, [npmCli, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: work, env })
  // of the tools, not of whoever runs this
  const bundler = (await import(pathToFileURL(join(work, 'node_modules/esbuild/lib/main.js')).href)) as {
    readonly default: typeof Esbuild
  }
  return bundler.default
}

interface Listing {
  (program: string, extra?: Readonly<Record<string, string>>): Promise<string>
}

function openListing(checkFile: string, work: string): Listing {
  const { args, env } = readCheck(checkFile, work)
  const plain = { PATH: process.env['PATH'] ?? '', HOME: work, TMPDIR: work, ...env }
  return (program, extra = {}) =>
    readListing({ node: process.execPath, args: [program, ...args], env: { ...plain, ...extra }, cwd: work })
}

/** @returns what was done, in a sentence */
async function bundle({ packageDir, npmCli }: PrepareConfig, list: Listing, work: string): Promise<string> {
  const server = join(packageDir, 'server')
  const target = join(packageDir, 'app/bundle')
  rmSync(target, { recursive: true, force: true })
  try {
    const before = await list(server)
    const tools = mkdtempSync(join(work, 'tools-'))
    const program = await bundlePackage(await loadBundler(npmCli, tools), realpathSync(server), target)
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
export async function prepare(config: PrepareConfig): Promise<string[]> {
  const work = mkdtempSync(join(process.env['TMPDIR'] ?? '/tmp', 'mcphub-prepare-'))
  try {
    const list = openListing(config.checkFile, work)
    return [await bundle(config, list, work), await warm(config.packageDir, list)]
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const { env } = process
  const said = await prepare({
    packageDir: env['MCPHUB_PACKAGE_DIR'] ?? '/package',
    checkFile: env['MCPHUB_CHECK_FILE'] ?? '/etc/mcphub/check.json',
    npmCli: env['MCPHUB_NPM_CLI'] ?? join(import.meta.dirname, '../../npm/bin/npm-cli.js'),
  })
  for (const sentence of said) console.log(sentence)
}
