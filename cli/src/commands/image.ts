// mcphub image: a server's package as a container image, so that its pods fetch nothing when they start. Needs no hub.
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import type { StdioSpec } from '@mcphub/api'
import type { Environment } from '../config.ts'
import { usageFault } from '../fault.ts'
import { buildCheck, buildDockerfile, buildLockConfigMap } from '../image/build-files.ts'
import { readStdioServer } from '../image/read-manifest.ts'
import { resolveLock } from '../image/resolve-lock.ts'
import { resolveRequirements } from '../image/resolve-requirements.ts'
import { act, example } from '../run.ts'
import type { Run } from '../run.ts'

interface ImageOptions {
  readonly file?: string
  readonly from?: string
  readonly out?: string
  readonly lock?: boolean
}

/** What differs between the kinds of packages. */
interface Kind {
  readonly version: string
  /** the runner image as `make images` names it */
  readonly runner: string
  readonly lockFile: string
  /** where the installer leaves the program (images/installer) */
  readonly command: readonly string[]
  resolve(): Promise<string>
  /** beside Dockerfile and lock */
  readonly files: Readonly<Record<string, string>>
}

export function addImageCommand(program: Command, environment: Environment): void {
  program
    .command('image')
    .description("Write the Dockerfile of a server's package, with its lock")
    .argument('<server>')
    .option('--file <manifest>', 'the file that holds its McpServer (catalog/<server>.yaml)')
    .option('--from <image>', 'the runner image it stands on (as `make images` names it)')
    .option('--out <folder>', 'where to write (image-<server>)')
    .option('--lock', 'only the lock, as the ConfigMap by which a cluster installs the package')
    .addHelpText('after', example('mcphub image filesystem', 'mcphub image filesystem --lock'))
    .action(act(environment, writeImage))
}

function readKind(name: string, stdio: StdioSpec): Kind {
  const { npm, pypi } = stdio.package ?? {}
  if (npm)
    return {
      version: npm.version,
      runner: 'localhost/mcphub-sandbox-node:dev',
      lockFile: 'package-lock.json',
      command: ['node', '/package/server'],
      resolve: () => resolveLock(npm),
      files: { 'check.json': buildCheck(stdio) },
    }
  if (pypi)
    return {
      version: pypi.version,
      runner: 'localhost/mcphub-sandbox-python:dev',
      lockFile: 'requirements.txt',
      command: ['/package/bin/server'],
      resolve: () => resolveRequirements(pypi),
      files: {},
    }
  throw usageFault(`${name} already names an image.`)
}

async function writeImage(run: Run, server: string, options: ImageOptions): Promise<void> {
  const { cwd } = run.environment
  const stdio = readStdioServer(path.resolve(cwd, options.file ?? path.join('catalog', `${server}.yaml`)), server)
  const kind = readKind(server, stdio)
  const lock = await kind.resolve()
  const files: Readonly<Record<string, string>> = options.lock
    ? { 'lock.yaml': buildLockConfigMap(server, kind.lockFile, lock) }
    : {
        Dockerfile: buildDockerfile({ server, stdio, from: options.from ?? kind.runner }),
        [kind.lockFile]: lock,
        ...kind.files,
      }
  const folder = options.out ?? `image-${server}`
  mkdirSync(path.resolve(cwd, folder), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(path.resolve(cwd, folder, name), text)
  const written = { server, folder, files: Object.keys(files), command: options.lock ? null : kind.command }
  run.show(written, () => (options.lock ? describeLock(folder) : describeImage(server, kind, folder)))
}

const describeLock = (folder: string): string =>
  `${folder}/lock.yaml is written. Apply it in the namespace of the sandboxes:\n\n  kubectl apply -n <namespace> -f ${folder}/lock.yaml`

const describeImage = (server: string, { version, command }: Kind, folder: string): string =>
  `${folder}/ holds a Dockerfile and what it builds from. Build and push it:

  docker build -t <registry>/${server}:${version} ${folder}
  docker push <registry>/${server}:${version}

It prints the digest. In the manifest, put in place of stdio.package (args and env stay):

  stdio:
    image: <registry>/${server}@sha256:<digest>
    command: [${command.join(', ')}]`
