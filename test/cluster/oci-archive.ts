// Writes an OCI image archive from a folder, without a container engine: one uncompressed layer, alone or on top of another archive's image.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { run } from './commands.ts'

export interface ImageSpec {
  /** as pods name it */
  readonly reference: string
  /** becomes the root file system, or what is put over the base's, owned by root */
  readonly folder: string
  /** the image's `config` object: Entrypoint, Env, User, … ; laid over the base's, member by member */
  readonly config: Readonly<Record<string, unknown>>
  /** archive of an image that this one begins with, written here too */
  readonly base?: string
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

interface Base {
  readonly config: Readonly<Record<string, unknown>>
  readonly layers: readonly Descriptor[]
}

const readJson = async (file: string): Promise<never> => JSON.parse(await readFile(file, 'utf8')) as never

/** Unpacks an archive written here: its blobs stay, its manifest tells what to go on from. */
async function openBase(archive: string, work: string): Promise<Base> {
  await run(['tar', '-C', work, '-xf', archive])
  const blob = ({ digest }: Descriptor): string => join(work, 'blobs', digest.replace(':', '/'))
  const index: { manifests: Descriptor[] } = await readJson(join(work, 'index.json'))
  const [described] = index.manifests
  if (!described) throw new Error(`${archive} names no image`)
  const manifest: { config: Descriptor; layers: Descriptor[] } = await readJson(blob(described))
  const image: { config: Record<string, unknown> } = await readJson(blob(manifest.config))
  // nobody refers to them any more
  await Promise.all([rm(blob(described)), rm(blob(manifest.config))])
  return { config: image.config, layers: manifest.layers }
}

/** Same folder and base, same archive. The file is there only when it is whole. */
export async function writeArchive(file: string, spec: ImageSpec): Promise<void> {
  const { reference, folder, config, base } = spec
  const work = await mkdtemp(join(dirname(file), 'archive-'))
  const blobs = join(work, 'blobs/sha256')
  await mkdir(blobs, { recursive: true })
  const below: Base = base ? await openBase(base, work) : { config: {}, layers: [] }
  const layers = [...below.layers, await writeLayer(folder, blobs)]
  const platform = { architecture: ARCHITECTURE, os: 'linux' }
  // layers are not compressed: what they unpack to has their own digest
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) }
  const image = { ...platform, config: { ...below.config, ...config }, rootfs }
  const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: await writeBlob(image, CONFIG, blobs), layers }
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

export interface ImageNames {
  /** as the archive calls it: `localhost/name:tag` */
  readonly reference: string
  /** by which a pod asks for exactly these bytes: `localhost/name@sha256:…` */
  readonly byDigest: string
}

/** Of an OCI archive of one image, whoever wrote it. */
export async function readNames(archive: string): Promise<ImageNames> {
  const { manifests } = JSON.parse(await run(['tar', '-xOf', archive, '--occurrence=1', 'index.json'])) as {
    manifests: { digest: string; annotations?: Record<string, string> }[]
  }
  const [image] = manifests
  const names = image?.annotations
  const reference = names?.['io.containerd.image.name'] ?? names?.['org.opencontainers.image.ref.name']
  if (!image || !reference) throw new Error(`${archive} does not name its image`)
  return { reference, byDigest: `${reference.replace(/:[^:/]*$/, '')}@${image.digest}` }
}
