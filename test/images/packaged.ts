// Images that `mcphub image` wrote the Dockerfile of, really built: of two servers of the catalogue.
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildah } from '../../images/buildah.ts'
import { run } from '../cluster/commands.ts'

const ROOT = join(import.meta.dirname, '../..')

export const PACKAGED = ['everything', 'filesystem'] as const
export type Packaged = (typeof PACKAGED)[number]

export const packagedImage = (name: Packaged): string => `localhost/mcphub-packaged-${name}:1`

/** The certificates of this machine, where its way to the npm registry needs more than Node's own. */
function readSecrets(): string[] {
  const authorities = process.env['NODE_EXTRA_CA_CERTS']
  return authorities && existsSync(authorities) ? ['--secret', `id=ca,src=${authorities}`] : []
}

/** Into buildah's store; its packages come from the npm registry. */
export async function preparePackagedImage(name: Packaged): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mcphub-packaged-'))
  try {
    const cli = join(ROOT, 'cli/src/main.ts')
    const manifest = join(ROOT, `catalog/${name}.yaml`)
    await run([process.execPath, cli, 'image', name, '--file', manifest, '--out', folder], { cwd: ROOT })
    const options = ['--isolation=chroot', '--pull=never', '--layers=false', ...readSecrets()]
    await buildah(['bud', ...options, '-t', packagedImage(name), folder])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
