// What the images stand on: those the environment names, or ones made of this machine's Node, C library and Debian's Python, without a registry.
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { prepareNodeImage } from '../test/cluster/images.ts'
import { buildah } from './buildah.ts'
import type { ImageName } from './context.ts'
import { buildPythonBase, PYTHON_IMAGE } from './python-base.ts'

export interface Bases {
  /** build arguments of the Dockerfiles */
  readonly args: Readonly<Record<string, string>>
  readonly pull: 'never' | 'missing'
  /** changes when one of them does */
  readonly key: string
}

const NODE_IMAGE = 'localhost/node:26'

function readNamed(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const names = ['NODE_IMAGE', 'PYTHON_IMAGE', 'GO_IMAGE']
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
}

/** The archive once into the store; a stamp says which. */
async function importNode(cache: string): Promise<string> {
  const archive = await prepareNodeImage()
  const stamp = join(cache, 'node-base')
  const wanted = basename(archive)
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return wanted
  const id = (await buildah(['pull', '--quiet', `oci-archive:${archive}`])).trim()
  await buildah(['tag', id, NODE_IMAGE])
  await writeFile(stamp, wanted)
  return wanted
}

/** Go is never needed here: the shim comes compiled. Its stage gets an image with a shell. */
export async function prepareBases(cache: string, names: readonly ImageName[]): Promise<Bases> {
  const named = readNamed(process.env)
  if (Object.keys(named).length > 0) return { args: named, pull: 'missing', key: '' }
  const node = await importNode(cache)
  const python = names.includes('sandbox-python') ? await buildPythonBase(cache, NODE_IMAGE, node) : ''
  const args = { NODE_IMAGE, GO_IMAGE: NODE_IMAGE, ...(python && { PYTHON_IMAGE }) }
  return { args, pull: 'never', key: `${node} ${python}` }
}
