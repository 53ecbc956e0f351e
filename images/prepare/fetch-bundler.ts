// Fetches the bundler of packages by its lock: node images/prepare/fetch-bundler.ts. A step of its own in the build of an image: it has the registry's
// credentials and runs no package; the step after it runs one and has none.
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The bundler, by name and lock: fetched where a package is prepared, and no part of any image. */
const TOOLS = join(import.meta.dirname, '../tools')

/** Where it lies between the two steps. */
export const bundlerDir = (env: NodeJS.ProcessEnv): string => env['MCPHUB_BUNDLER_DIR'] ?? '/tmp/mcphub-bundler'

export const npmCliOf = (env: NodeJS.ProcessEnv): string =>
  env['MCPHUB_NPM_CLI'] ?? join(import.meta.dirname, '../../npm/bin/npm-cli.js')

/** The same secrets as the installer's. */
function readRegistry(): Readonly<Record<string, string>> {
  const files = { npm_config_userconfig: 'npmrc', NODE_EXTRA_CA_CERTS: 'ca.crt' }
  const given = Object.entries(files).map(([name, file]) => [name, join('/etc/mcphub/registry', file)] as const)
  return Object.fromEntries(given.filter(([, path]) => existsSync(path)))
}

/** Into a folder that does not become part of the image. @throws Error with npm's words */
export async function fetchBundler(npmCli: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(TOOLS, file), join(folder, file))
  const env = { ...process.env, ...readRegistry(), HOME: folder, npm_config_cache: join(folder, '.npm') }
  await run(process.execPath, [npmCli, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, env })
}

if (import.meta.main) await fetchBundler(npmCliOf(process.env), bundlerDir(process.env))
