// What each image is built from, gathered in a folder: everything a Dockerfile would fetch or compile itself lies there already.
import { execFile } from 'node:child_process'
import { cp, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { bundle, bundleNpm } from './bundle.ts'
import { fetchUv } from './python-base.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..')

export const IMAGES = ['gateway', 'operator', 'sandbox-node', 'sandbox-python', 'shim'] as const
export type ImageName = (typeof IMAGES)[number]

/** Of the repository, by their paths in it. */
async function copySources(folder: string, ...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const target = join(folder, path)
    await mkdir(dirname(target), { recursive: true })
    await cp(join(ROOT, path), target, { recursive: true, filter: (source) => !source.endsWith('.test.ts') })
  }
}

/** Go compiles only what changed; the program is the same for the same sources. */
async function copyShim(folder: string): Promise<void> {
  await run(join(ROOT, 'scripts/build-shim.sh'))
  await copySources(folder, 'sandbox/out/mcphub-shim')
}

const CONTEXTS: Readonly<Record<ImageName, (folder: string) => Promise<void>>> = {
  gateway: async (folder) => {
    await copySources(folder, 'images/root.ts')
    await bundle('gateway', join(folder, 'dist/gateway'))
  },
  operator: async (folder) => {
    await copySources(folder, 'images/root.ts')
    await bundle('operator', join(folder, 'dist/operator'))
  },
  'sandbox-node': async (folder) => {
    await copyShim(folder)
    await copySources(folder, 'package.json', 'images/root.ts', 'images/installer', 'images/prepare', 'images/tools')
    await copySources(folder, 'gateway/src/packages/npm')
    await bundleNpm(join(folder, 'dist/sandbox-node'))
  },
  'sandbox-python': async (folder) => {
    await copyShim(folder)
    await copySources(folder, 'images/root.py', 'images/sbom.py', 'images/installer')
    await fetchUv(join(folder, 'dist/sandbox-python'))
  },
  shim: copyShim,
}

/** The Dockerfile goes along. */
export async function prepareContext(name: ImageName, folder: string): Promise<void> {
  await copySources(folder, `Dockerfile.${name}`)
  await CONTEXTS[name](folder)
}
