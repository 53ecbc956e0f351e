// Writes an OCI image archive of one uncompressed layer from a folder, without a container engine.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { run } from './commands.ts'

export interface ImageSpec {
  /** as pods name it */
  readonly reference: string
  /** becomes the root file system, owned by root */
  readonly folder: string
  /** the image's `config` object: Entrypoint, Env, User, … */
  readonly config: Readonly<Record<string, unknown>>
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

const LAYER = 'application/vnd.oci.image.layer.v1.tar'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch

async function writeLayer(folder: string, blobs: string): Promise<Descriptor> {
  const layer = join(blobs, 'layer')
  const plain = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=pax']
  await run(['tar', ...plain, '--pax-option=delete=atime,delete=ctime', '-C', folder, '-cf', layer, '.'])
  const hash = createHash('sha256')
  await pipeline(createReadStream(layer), hash)
  const digest = hash.digest('hex')
  const { size } = await stat(layer)
  await rename(layer, join(blobs, digest))
  return { mediaType: LAYER, digest: `sha256:${digest}`, size }
}

async function writeBlob(value: object, mediaType: string, blobs: string): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value))
  const digest = createHash('sha256').update(bytes).digest('hex')
  await writeFile(join(blobs, digest), bytes)
  return { mediaType, digest: `sha256:${digest}`, size: bytes.length }
}

/** Same folder, same archive. The file is there only when it is whole. */
export async function writeArchive(file: string, { reference, folder, config }: ImageSpec): Promise<void> {
  const work = await mkdtemp(join(dirname(file), 'archive-'))
  const blobs = join(work, 'blobs/sha256')
  await mkdir(blobs, { recursive: true })
  const layer = await writeLayer(folder, blobs)
  const platform = { architecture: ARCHITECTURE, os: 'linux' }
  const image = { ...platform, config, rootfs: { type: 'layers', diff_ids: [layer.digest] } }
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: await writeBlob(image, CONFIG, blobs),
    layers: [layer],
  }
  const annotations = { 'io.containerd.image.name': reference, 'org.opencontainers.image.ref.name': reference }
  const described = { ...(await writeBlob(manifest, MANIFEST, blobs)), platform, annotations }
  await writeFile(
    join(work, 'index.json'),
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: [described] }),
  )
  await writeFile(join(work, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  const whole = join(work, 'archive.tar')
  await run(['tar', '-C', work, '-cf', whole, 'oci-layout', 'index.json', 'blobs'])
  await rename(whole, file)
  await rm(work, { recursive: true })
}
