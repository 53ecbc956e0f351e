// Images that the hub did not make and whose programs it does not know: a Go program on nothing at all, and one of Alpine's kind.
import { copyFile, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedArchive } from '../cluster/archive-cache.ts'
import { run } from '../cluster/commands.ts'
import { installPackages } from '../cluster/host.ts'
import { readNames, writeArchive } from '../cluster/oci-archive.ts'
import { goEnvironment } from '../cluster/programs.ts'

const SOURCES = join(import.meta.dirname, 'foreign')
const GITHUB = 'github.com/github/github-mcp-server/cmd/github-mcp-server'
const GITHUB_IMAGE = 'localhost/mcphub-e2e-github:1'
const ALPINE_IMAGE = 'localhost/mcphub-e2e-alpine:1'

export interface ForeignImage {
  /** path */
  readonly archive: string
  /** as a McpServer names it */
  readonly byDigest: string
}
export interface ForeignImages {
  /** its program is `/server` */
  readonly github: ForeignImage
  /** its program is `/bin/sh /app/start.sh` */
  readonly alpine: ForeignImage
}

async function makeGithub(work: string, file: string): Promise<void> {
  const folder = join(work, 'root')
  await mkdir(folder)
  const build = ['go', 'build', '-ldflags', '-s -w', '-o', join(folder, 'server'), GITHUB]
  await run(build, { cwd: SOURCES, env: goEnvironment(false), timeoutMs: 900_000 })
  await writeArchive(file, { reference: GITHUB_IMAGE, folder, config: { Entrypoint: ['/server', 'stdio'] } })
}

const START = '#!/bin/sh\nexec /app/server\n'
const LOADER = '/lib/ld-musl-x86_64.so.1'

/** musl's loader, busybox for a shell, and no glibc. */
async function makeAlpine(work: string, file: string): Promise<void> {
  await installPackages({ 'musl-tools': '/usr/bin/musl-gcc' })
  const folder = join(work, 'root')
  for (const one of ['bin', 'lib', 'app']) await mkdir(join(folder, one), { recursive: true })
  await run(['musl-gcc', '-Os', '-s', '-o', join(folder, 'app/server'), join(SOURCES, 'musl-server.c')])
  await copyFile(LOADER, join(folder, LOADER))
  await run(['apt-get', 'download', '-qq', 'busybox-static'], { cwd: work })
  const [deb = ''] = (await readdir(work)).filter((name) => name.endsWith('.deb'))
  await run(['dpkg', '-x', join(work, deb), join(work, 'busybox')])
  await copyFile(join(work, 'busybox/bin/busybox'), join(folder, 'bin/busybox'))
  await symlink('busybox', join(folder, 'bin/sh'))
  await writeFile(join(folder, 'app/start.sh'), START, { mode: 0o755 })
  await writeArchive(file, { reference: ALPINE_IMAGE, folder, config: { Cmd: ['/bin/sh', '/app/start.sh'] } })
}

async function describe(archive: string): Promise<ForeignImage> {
  return { archive, byDigest: (await readNames(archive)).byDigest }
}

/** Built once; GitHub's server comes from the Go module proxy. */
export async function prepareForeignImages(): Promise<ForeignImages> {
  const sources = await Promise.all(['go.mod', 'go.sum', 'musl-server.c'].map((name) => readFile(join(SOURCES, name))))
  const keys = [...sources, await readFile(import.meta.filename)]
  const version = await run(['go', 'version'])
  const github = await cachedArchive({ name: 'e2e-github', keys: [...keys, version], make: makeGithub })
  const alpine = await cachedArchive({ name: 'e2e-alpine', keys, make: makeAlpine })
  return { github: await describe(github), alpine: await describe(alpine) }
}
