// Builds the images with buildah: node images/build.ts all | NAME.... Where no container registry is reached, they stand on bases made of
// this machine's own Node and C library; NODE_IMAGE, PYTHON_IMAGE and GO_IMAGE name others. What was built once is not built again until something it is made of changes.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bases } from './bases.ts'
import { prepareBases } from './bases.ts'
import { buildah, CACHE } from './buildah.ts'
import type { ImageName } from './context.ts'
import { IMAGES, prepareContext } from './context.ts'

export interface BuiltImage {
  readonly name: ImageName
  /** as pods name it */
  readonly reference: string
  /** path of the OCI archive */
  readonly archive: string
  /** bytes, not compressed */
  readonly size: number
  readonly ms: number
  readonly cached: boolean
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** Of every file by its path and mode, and of what the image stands on. */
async function hashContext(folder: string, bases: Bases): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(bases))
  for (const file of await listFiles(folder)) {
    const { mode } = await stat(file)
    hash.update(`${file.slice(folder.length)} ${mode & 0o777}\0`)
    hash.update(await readFile(file))
  }
  return hash.digest('hex').slice(0, 16)
}

const referenceOf = (name: ImageName): string => `localhost/mcphub-${name}:dev`

async function buildArchive(name: ImageName, context: string, bases: Bases, archive: string): Promise<void> {
  const args = Object.entries(bases.args).map(([key, value]) => `--build-arg=${key}=${value}`)
  const file = join(context, `Dockerfile.${name}`)
  const reference = referenceOf(name)
  const options = ['--isolation=chroot', `--pull=${bases.pull}`, '--layers=false', '--timestamp=0', ...args]
  await buildah(['bud', ...options, '-t', reference, '-f', file, context])
  const next = `${archive}.next`
  await rm(next, { force: true })
  await buildah(['push', '--disable-compression', '--quiet', reference, `oci-archive:${next}:${reference}`])
  await rename(next, archive)
}

const DAY_MS = 24 * 3600_000

/** Those of the last day stay: another run may be loading them. */
async function removeOlder(name: ImageName): Promise<void> {
  const archives = (await readdir(CACHE)).filter((file) => new RegExp(`^${name}-[0-9a-f]{16}\\.tar$`).test(file))
  for (const archive of archives.map((file) => join(CACHE, file))) {
    if ((await stat(archive)).mtimeMs < Date.now() - DAY_MS) await rm(archive, { force: true })
  }
}

async function buildImage(name: ImageName, bases: Bases): Promise<BuiltImage> {
  const start = performance.now()
  const context = await mkdtemp(join(CACHE, `context-${name}-`))
  try {
    await prepareContext(name, context)
    const archive = join(CACHE, `${name}-${await hashContext(context, bases)}.tar`)
    const now = new Date()
    // used again: its day begins anew
    const cached = await utimes(archive, now, now).then(
      () => true,
      () => false,
    )
    if (!cached) await buildArchive(name, context, bases, archive)
    await removeOlder(name)
    const { size } = await stat(archive)
    return { name, reference: referenceOf(name), archive, size, ms: performance.now() - start, cached }
  } finally {
    await rm(context, { recursive: true, force: true })
  }
}

/** One after the other: each uses both cores. @throws Error with what buildah said */
export async function buildImages(
  names: readonly ImageName[] = IMAGES,
  tell: (image: BuiltImage) => void = () => {},
): Promise<BuiltImage[]> {
  await mkdir(CACHE, { recursive: true })
  const bases = await prepareBases(CACHE, names)
  const built: BuiltImage[] = []
  for (const name of names) {
    const image = await buildImage(name, bases)
    tell(image)
    built.push(image)
  }
  // what had their names before: a hundred megabytes with each change of the sources
  if (built.some(({ cached }) => !cached)) await buildah(['rmi', '--prune']).catch(() => '')
  await writeFile(join(CACHE, 'images.json'), `${JSON.stringify(built, null, 2)}\n`)
  return built
}

function present({ name, reference, size, ms, cached, archive }: BuiltImage): string {
  const figures = `${(size / 1e6).toFixed(1).padStart(7)} MB ${(ms / 1000).toFixed(1).padStart(6)} s`
  return `${name.padEnd(15)} ${figures}  ${cached ? 'as before' : 'built    '}  ${reference}  ${archive}`
}

const isImage = (name: string): name is ImageName => (IMAGES as readonly string[]).includes(name)

async function main(args: readonly string[]): Promise<void> {
  const names = args.length === 0 || args[0] === 'all' ? [...IMAGES] : args
  const unknown = names.find((name) => !isImage(name))
  if (unknown !== undefined) throw new Error(`There is no image "${unknown}"; there are ${IMAGES.join(', ')}.`)
  await buildImages(names.filter(isImage), (image) => console.log(present(image)))
}

if (import.meta.main) {
  await main(process.argv.slice(2)).catch((fault: unknown) => {
    console.error(fault instanceof Error ? fault.message : fault)
    process.exitCode = 1
  })
}
