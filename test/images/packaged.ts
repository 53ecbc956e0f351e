// Images that `mcphub image` wrote the Dockerfile of, really built: of two servers of the catalogue, and of one of PyPI.
import { existsSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { buildah, CACHE } from '../../images/buildah.ts'
import { fetchUv } from '../../images/python-base.ts'
import { run } from '../cluster/commands.ts'

const ROOT = join(import.meta.dirname, '../..')

const MANIFESTS = {
  everything: 'catalog/everything.yaml',
  filesystem: 'catalog/filesystem.yaml',
  time: 'test/images/time.yaml',
} as const
export type Packaged = keyof typeof MANIFESTS
export const PACKAGED = Object.keys(MANIFESTS) as readonly Packaged[]

export const packagedImage = (name: Packaged): string => `localhost/mcphub-packaged-${name}:1`

/** The certificates of this machine, where its way to the npm registry needs more than Node's own. */
function readSecrets(): string[] {
  const authorities = process.env['NODE_EXTRA_CA_CERTS']
  return authorities && existsSync(authorities) ? ['--secret', `id=ca,src=${authorities}`] : []
}

/** The uv of the runner image: this machine need not have one. */
async function withUv(): Promise<NodeJS.ProcessEnv> {
  const folder = join(CACHE, 'uv')
  await fetchUv(folder)
  return { ...process.env, PATH: [folder, process.env['PATH']].join(delimiter) }
}

const keptFolder = (name: Packaged): string => join(CACHE, 'packaged', name)

/** What the command wrote at the last preparation: later there may be no way to a registry. */
export const dockerfileOf = (name: Packaged): string => join(keptFolder(name), 'Dockerfile')

/** Into buildah's store; its packages come from the registries of npm and PyPI. */
export async function preparePackagedImage(name: Packaged): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mcphub-packaged-'))
  try {
    const cli = join(ROOT, 'cli/src/main.ts')
    const manifest = join(ROOT, MANIFESTS[name])
    const command = [process.execPath, cli, 'image', name, '--file', manifest, '--out', folder]
    await run(command, { cwd: ROOT, env: name === 'time' ? await withUv() : process.env })
    await cp(folder, keptFolder(name), { recursive: true })
    const options = ['--isolation=chroot', '--pull=never', '--layers=false', ...readSecrets()]
    await buildah(['bud', ...options, '-t', packagedImage(name), folder])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
