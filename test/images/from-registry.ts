// The Dockerfiles as they stand, with their default bases, as anybody builds them who has a registry: here one on loopback that plays Docker Hub. Its bases have
// the names and the tools of the official ones (npm, pip, Go, a shell); what is fetched comes from npm and PyPI.
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareBases } from '../../images/bases.ts'
import { buildah, CACHE } from '../../images/buildah.ts'
import type { ImageName } from '../../images/context.ts'
import { IMAGES } from '../../images/context.ts'
import { run } from '../cluster/commands.ts'
import type { ContainerRegistry } from './programs.ts'
import { startContainerRegistry } from './programs.ts'

const ROOT = join(import.meta.dirname, '../..')
const CONFIGURATION = 'CONTAINERS_REGISTRIES_CONF'

export const plainImage = (name: ImageName): string => `localhost/mcphub-plain-${name}:1`

/** As this machine trusts its registries; Node and pip look elsewhere. */
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt'

interface Base {
  readonly name: string
  /** reference in buildah's store */
  readonly from: string
  /** of a Dockerfile, behind FROM */
  readonly steps: string
  lay(folder: string): Promise<void>
}

async function writeProgram(file: string, command: string): Promise<void> {
  await writeFile(file, `#!/bin/sh\nexec ${command} "$@"\n`)
  await chmod(file, 0o755)
}

async function layNpm(folder: string): Promise<void> {
  await cp(join(ROOT, 'node_modules/npm'), join(folder, 'npm'), { recursive: true })
  await writeProgram(join(folder, 'npm-program'), 'node /usr/local/lib/node_modules/npm/bin/npm-cli.js')
}

/** From PyPI: Debian keeps its own apart from the interpreter. */
async function layPip(folder: string): Promise<void> {
  const options = ['--no-deps', '--only-binary=:all:', '--quiet', '--target', join(folder, 'site')]
  await run(['python3', '-m', 'pip', 'install', ...options, 'pip'], { timeoutMs: 300_000 })
  await writeProgram(join(folder, 'pip'), 'python3 -m pip')
}

async function layGo(folder: string): Promise<void> {
  const root = (await run(['go', 'env', 'GOROOT'])).trim()
  await cp(root, join(folder, 'go'), { recursive: true, filter: (path) => path !== join(root, 'test') })
}

const listBases = (node: string, python: string): readonly Base[] => [
  {
    name: 'node:26-slim',
    from: node,
    steps: `COPY npm /usr/local/lib/node_modules/npm\nCOPY npm-program /usr/local/bin/npm\nENV NODE_EXTRA_CA_CERTS=${AUTHORITIES}`,
    lay: layNpm,
  },
  {
    name: 'python:3.14-slim',
    from: python,
    steps: `COPY site /opt/pip\nCOPY pip /usr/local/bin/pip\nENV PYTHONPATH=/opt/pip PIP_CERT=${AUTHORITIES}`,
    lay: layPip,
  },
  {
    name: 'golang:1.26',
    from: node,
    steps: 'COPY go /usr/local/go\nENV PATH=/usr/local/go/bin:/usr/local/bin:/bin',
    lay: layGo,
  },
]

const OPTIONS = ['--isolation=chroot', '--layers=false', '--quiet']

/** `sha256:…` of what was pushed. */
async function pushBase({ address }: ContainerRegistry, { name, from, steps, lay }: Base): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mcphub-base-'))
  try {
    await lay(folder)
    await writeFile(join(folder, 'Dockerfile'), `FROM ${from}\nUSER 0:0\n${steps}\n`)
    const image = `localhost/mcphub-base-${name}`
    // one layer: what these stand on was written without a history, which buildah would miss
    await buildah(['bud', ...OPTIONS, '--squash', '--pull=never', '-t', image, folder])
    const digestFile = join(folder, 'digest')
    const target = `docker://${address}/library/${name}`
    await buildah(['push', '--quiet', '--tls-verify=false', '--digestfile', digestFile, image, target])
    return (await readFile(digestFile, 'utf8')).trim()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** All that is asked of Docker Hub goes there. */
const buildConfiguration = (address: string): string =>
  `[[registry]]\nprefix = "docker.io"\nlocation = "${address}"\ninsecure = true\n`

const build = (name: ImageName, ...args: string[]): Promise<string> =>
  buildah([
    'bud',
    ...OPTIONS,
    '--pull=always',
    ...args,
    '-t',
    plainImage(name),
    '-f',
    join(ROOT, `Dockerfile.${name}`),
    ROOT,
  ])

/** Into buildah's store; the shim's by the digest of its base. */
export async function buildFromRegistry(names: readonly ImageName[] = IMAGES): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const { args } = await prepareBases(CACHE, IMAGES)
  const registry = await startContainerRegistry()
  const configuration = join(await mkdtemp(join(tmpdir(), 'mcphub-registries-')), 'registries.conf')
  const before = process.env[CONFIGURATION]
  try {
    const digests = new Map<string, string>()
    for (const base of listBases(args['NODE_IMAGE'] ?? '', args['PYTHON_IMAGE'] ?? ''))
      digests.set(base.name, await pushBase(registry, base))
    await writeFile(configuration, buildConfiguration(registry.address))
    process.env[CONFIGURATION] = configuration
    for (const name of names)
      await build(
        name,
        ...(name === 'shim' ? [`--build-arg=GO_IMAGE=docker.io/library/golang@${digests.get('golang:1.26')}`] : []),
      )
  } finally {
    if (before === undefined) delete process.env[CONFIGURATION]
    else process.env[CONFIGURATION] = before
    await registry.stop()
    await rm(join(configuration, '..'), { recursive: true, force: true })
  }
}
