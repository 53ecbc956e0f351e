// How the nodes come to the run's images: loaded into our own cluster's; into those of yours by a command of yours, or pulled from a registry of yours.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildah } from '../../images/buildah.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { prepareNodeImage } from '../cluster/images.ts'
import { readNames } from '../cluster/oci-archive.ts'
import { TEST_IMAGE } from '../cluster/settings.ts'
import type { HubImages } from './hub-images.ts'
import type { StoryImages } from './images.ts'
import { POSTGRES_IMAGE, SUFFIX } from './settings.ts'

/** Registry and path that this machine may push to and the nodes pull from: registry.example.com/mcphub-e2e. */
const PREFIX = process.env['MCPHUB_E2E_REGISTRY'] ?? null

/** As manifests and values name them. */
export interface Delivered {
  /** registry and path of the hub's images */
  readonly registry: string
  readonly tag: string
  /** `sha256:…` of the runner image, which a McpServer names */
  readonly sandboxNodeDigest: string
  /** by digest */
  readonly server: string
  readonly postgres: string
  /** what manifests must say for an image's own name with digest, where it is another */
  readonly names: Readonly<Record<string, string>>
}

interface Pushed {
  /** the image's own name, with digest */
  readonly own: string
  /** without tag or digest */
  readonly image: string
  readonly digest: string
}

/** By the name it has, under a tag of this run. Credentials are buildah's own (`buildah login`). */
async function push(prefix: string, archive: string): Promise<Pushed> {
  const { reference, byDigest } = await readNames(archive)
  const name = reference.slice(reference.lastIndexOf('/') + 1).replace(/:.*$/, '')
  const image = `${prefix}/${name}`
  const work = await mkdtemp(join(tmpdir(), 'mcphub-push-'))
  try {
    const digestFile = join(work, 'digest')
    const id = (await buildah(['pull', '--quiet', `oci-archive:${archive}`])).trim()
    await buildah(['push', '--quiet', '--digestfile', digestFile, id, `docker://${image}:${SUFFIX}`])
    return { own: byDigest, image, digest: (await readFile(digestFile, 'utf8')).trim() }
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** The image that the probes and the registry of packages run, before anything else is there. */
export async function deliverTestImage(cluster: Cluster): Promise<string> {
  if (cluster.own || process.env['MCPHUB_CLUSTER_NODE_IMAGE']) return TEST_IMAGE
  const archive = await prepareNodeImage()
  if (PREFIX === null) {
    await cluster.loadImage(archive)
    return TEST_IMAGE
  }
  const { image, digest } = await push(PREFIX, archive)
  return `${image}@${digest}`
}

async function pushAll(prefix: string, hub: HubImages, stories: StoryImages): Promise<Delivered> {
  const pushed = new Map<string, Pushed>()
  for (const archive of [...hub.archives, ...stories.archives]) pushed.set(archive, await push(prefix, archive))
  const names = Object.fromEntries(
    [...pushed.values()].map(({ own, image, digest }) => [own, `${image}@${digest}`] as const),
  )
  return {
    registry: prefix,
    tag: SUFFIX,
    sandboxNodeDigest: pushed.get(hub.sandboxNodeArchive)?.digest ?? '',
    server: names[stories.server] ?? '',
    postgres: `${prefix}/${POSTGRES_IMAGE.replace(/^.*\/|:.*$/g, '')}:${SUFFIX}`,
    names,
  }
}

/** @throws on a cluster of yours when neither way was given */
export async function deliverImages(cluster: Cluster, hub: HubImages, stories: StoryImages): Promise<Delivered> {
  if (!cluster.own && PREFIX !== null) return pushAll(PREFIX, hub, stories)
  for (const archive of [...hub.archives, ...stories.archives]) await cluster.loadImage(archive)
  const { tag, sandboxNodeDigest } = hub
  return { registry: 'localhost', tag, sandboxNodeDigest, server: stories.server, postgres: POSTGRES_IMAGE, names: {} }
}
