// A program of ours as one file with everything it imports, its licences and its bill of materials: node images/bundle.ts gateway FOLDER.
// One file because it starts in 40 % of the time and needs a tenth of the space of sources and node_modules (docs/guides/images.md).
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { buildConsole } from '../scripts/build-console.ts'
import type { Component, LockPackages } from './sbom.ts'
import { listComponents, writeSbom } from './sbom.ts'

const ROOT = join(import.meta.dirname, '..')

/** CommonJS packages in the bundle ask for Node's own modules by `require`. */
const BANNER =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);"

export type Program = 'gateway' | 'operator'

interface Lock {
  readonly version: string
  readonly packages: LockPackages
}

const readLock = async (): Promise<Lock> => JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as Lock

/** Node itself is of the image, not of the lock file. */
const nodeComponent = (): Component => {
  const version = process.versions.node
  return { name: 'node', version, purl: `pkg:generic/node@${version}`, license: 'MIT' }
}

/** npm's own program: the gateway installs packages with it on one machine. It brings everything it needs. */
async function copyNpm(target: string): Promise<void> {
  await cp(join(ROOT, 'node_modules/npm'), target, {
    recursive: true,
    filter: (path) => !/\/npm\/(docs|man)$/.test(path),
  })
}

/** Beside `main.mjs`, where the gateway looks for it. Returns the files of other people's packages in it. */
async function copyConsole(app: string): Promise<readonly string[]> {
  const { libraries } = await buildConsole()
  await cp(join(ROOT, 'console/dist'), join(app, 'console'), { recursive: true, preserveTimestamps: true })
  return libraries
}

const npmFiles = (packages: LockPackages): string[] =>
  Object.keys(packages).filter((key) => key === 'node_modules/npm' || key.startsWith('node_modules/npm/'))

/** Writes `main.mjs` (and npm and the console for the gateway) to the folder `app`, the bill of materials to `sbom.json`. */
export async function bundle(program: Program, target: string): Promise<void> {
  const app = join(target, 'app')
  await mkdir(app, { recursive: true })
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [`${program}/src/main.ts`],
    outfile: join(app, 'main.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: `node${process.versions.node.split('.')[0]}`,
    banner: { js: BANNER },
    legalComments: 'linked',
    // not installed, and asked for in a try
    external: ['pg-native'],
    metafile: true,
    logLevel: 'error',
  })
  // the sub-commands are called as in a checkout: node gateway/src/main.ts setup-link
  await mkdir(join(app, program, 'src'), { recursive: true })
  await writeFile(join(app, program, 'src/main.ts'), "import '../../main.mjs'\n")
  const lock = await readLock()
  const files = Object.keys(metafile.inputs)
  if (program === 'gateway') {
    await copyNpm(join(app, 'node_modules/npm'))
    files.push(...npmFiles(lock.packages), ...(await copyConsole(app)))
  }
  const components = [nodeComponent(), ...listComponents(files, lock.packages)]
  await writeFile(join(target, 'sbom.json'), writeSbom(`mcphub-${program}`, lock.version, components))
}

/** npm alone, for the runner image, and its bill of materials. */
export async function bundleNpm(target: string): Promise<void> {
  await copyNpm(join(target, 'npm'))
  const lock = await readLock()
  const components = [nodeComponent(), ...listComponents(npmFiles(lock.packages), lock.packages)]
  await writeFile(join(target, 'sbom.json'), writeSbom('mcphub-sandbox-node', lock.version, components))
}

if (import.meta.main) {
  const [name = '', target = ''] = process.argv.slice(2)
  if (name === 'gateway' || name === 'operator') await bundle(name, target)
  else await bundleNpm(target)
}
