// The hub's own images, as `make images` builds them.
import { buildImages } from '../../images/build.ts'
import { readNames } from '../cluster/oci-archive.ts'

export interface HubImages {
  /** paths of archives */
  readonly archives: readonly string[]
  readonly sandboxNodeArchive: string
  /** of the image that brings the shim */
  readonly shimArchive: string
  /** that all of them have */
  readonly tag: string
  /** `sha256:…` of the runner image, which a McpServer names */
  readonly sandboxNodeDigest: string
}

/** Says what each cost; what did not change is not built again. */
export async function prepareHubImages(): Promise<HubImages> {
  const built = await buildImages(undefined, ({ reference, size, cached }) =>
    console.log(`          ${reference}: ${(size / 1e6).toFixed(1)} MB${cached ? ', as before' : ''}`),
  )
  const runner = built.find(({ name }) => name === 'sandbox-node')
  const shim = built.find(({ name }) => name === 'shim')
  if (!runner || !shim) throw new Error('There is no runner image, or none of the shim.')
  const { reference, byDigest } = await readNames(runner.archive)
  return {
    archives: built.map(({ archive }) => archive),
    sandboxNodeArchive: runner.archive,
    shimArchive: shim.archive,
    tag: reference.slice(reference.lastIndexOf(':') + 1),
    sandboxNodeDigest: byDigest.slice(byDigest.indexOf('@') + 1),
  }
}
