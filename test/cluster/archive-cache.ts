// Image archives outside the checkout: each is made once for everything it is made from, and those of earlier makings go.
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CACHE } from './settings.ts'

const ARCHIVES = join(CACHE, 'images')

export const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  )

export interface Making {
  readonly name: string
  /** all that the archive depends on */
  readonly keys: readonly (string | Buffer)[]
  /** Writes the archive to `file`; `work` is an empty folder that goes afterwards. */
  readonly make: (work: string, file: string) => Promise<void>
}

/** Path of the archive. */
export async function cachedArchive({ name, keys, make }: Making): Promise<string> {
  const hash = createHash('sha256')
  for (const key of keys) hash.update(key)
  const file = join(ARCHIVES, `${name}-${hash.digest('hex').slice(0, 16)}.tar`)
  if (await exists(file)) return file
  await mkdir(ARCHIVES, { recursive: true })
  const old = (await readdir(ARCHIVES)).filter((one) => one.startsWith(`${name}-`))
  // gone already where another run makes the same
  await Promise.all(old.map((one) => rm(join(ARCHIVES, one), { force: true })))
  const work = await mkdtemp(join(ARCHIVES, `work-${name}-`))
  try {
    await make(work, file)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return file
}
