// The images that only the stories need, on the cluster's Node image: the servers of people's pods, and a PostgreSQL (postgres-image.ts).
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedArchive } from '../cluster/archive-cache.ts'
import { prepareNodeImage } from '../cluster/images.ts'
import { readNames, writeArchive } from '../cluster/oci-archive.ts'
import { prepareForeignImages } from './foreign-images.ts'
import { preparePostgresImage } from './postgres-image.ts'
import { SERVER_IMAGE } from './settings.ts'

const SOURCES = join(import.meta.dirname, 'images')

export interface StoryImages {
  /** paths of archives: the server's, PostgreSQL's, those of foreign programs */
  readonly archives: readonly string[]
  /** the server's image as a McpServer names it: by digest */
  readonly server: string
}

async function makeServer(base: string, work: string, file: string): Promise<void> {
  const folder = join(work, 'root')
  await mkdir(join(folder, 'app'), { recursive: true })
  await copyFile(join(SOURCES, 'server.js'), join(folder, 'app/server.mjs'))
  await writeArchive(file, { reference: SERVER_IMAGE, folder, base, config: {} })
}

const source = (name: string): Promise<Buffer> => readFile(join(SOURCES, name))

export async function prepareStoryImages(): Promise<StoryImages> {
  const base = await prepareNodeImage()
  const code = await readFile(import.meta.filename)
  const server = await cachedArchive({
    name: 'e2e-server',
    keys: [base, code, await source('server.js')],
    make: (work, file) => makeServer(base, work, file),
  })
  const postgres = await preparePostgresImage()
  const { github, alpine } = await prepareForeignImages()
  return { archives: [server, postgres, github.archive, alpine.archive], server: (await readNames(server)).byDigest }
}
