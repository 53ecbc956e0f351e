// A Python base without a registry: Debian's interpreter on top of the Node base, and uv from PyPI.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildah, CACHE } from './buildah.ts'

const run = promisify(execFile)

export const PYTHON_IMAGE = 'localhost/python:3'

/** The version Dockerfile.sandbox-python names. */
const UV = '0.13.9'

/** The interpreter, its library of modules, and what those are linked against. */
const PACKAGES = [
  ...['python3-minimal', 'python3.11-minimal', 'libpython3.11-minimal', 'libpython3.11-stdlib', 'media-types'],
  ...['libexpat1', 'zlib1g', 'libssl3', 'libbz2-1.0', 'liblzma5', 'libffi8', 'libsqlite3-0', 'libuuid1', 'libcrypt1'],
]

/** Debian's folders as they are since /lib is a link into /usr. */
async function unpack(work: string): Promise<string> {
  const root = join(work, 'root')
  await run('apt-get', ['download', '-qq', ...PACKAGES], { cwd: work })
  const archives = (await readdir(work)).filter((name) => name.endsWith('.deb'))
  for (const archive of archives) await run('dpkg', ['-x', join(work, archive), root])
  const lib = join(root, 'lib')
  await cp(lib, join(root, 'usr/lib'), { recursive: true, verbatimSymlinks: true }).catch(() => {})
  await rm(lib, { recursive: true, force: true })
  await rm(join(root, 'usr/share'), { recursive: true, force: true })
  return root
}

/** @returns a key that changes when it is another */
export async function buildPythonBase(cache: string, base: string, baseKey: string): Promise<string> {
  const code = await readFile(import.meta.filename)
  const wanted = createHash('sha256').update(code).update(baseKey).digest('hex').slice(0, 16)
  const stamp = join(cache, 'python-base')
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return wanted
  const work = await mkdtemp(join(cache, 'work-python-'))
  try {
    await unpack(work)
    await writeFile(join(work, 'Dockerfile'), `FROM ${base}\nCOPY root/ /\nENV PATH=/usr/local/bin:/usr/bin:/bin\n`)
    const options = ['--isolation=chroot', '--pull=never', '--layers=false']
    await buildah(['bud', ...options, '-t', PYTHON_IMAGE, '-f', join(work, 'Dockerfile'), work])
    await writeFile(stamp, wanted)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return wanted
}

/** uv's program. The wheel is kept in the cache; pip checks what the index says of it. */
export async function fetchUv(target: string): Promise<void> {
  const wheels = join(CACHE, 'wheels')
  await mkdir(wheels, { recursive: true })
  const find = async (): Promise<string | undefined> =>
    (await readdir(wheels)).find((name) => name.startsWith(`uv-${UV}-`))
  if ((await find()) === undefined) {
    const options = ['download', '--no-deps', '--only-binary=:all:', '--quiet', '--dest', wheels]
    await run('python3', ['-m', 'pip', ...options, `uv==${UV}`])
  }
  const unpacked = await mkdtemp(join(wheels, 'uv-'))
  try {
    await run('python3', ['-m', 'zipfile', '-e', join(wheels, (await find()) ?? ''), unpacked])
    await mkdir(target, { recursive: true })
    await cp(join(unpacked, `uv-${UV}.data/scripts/uv`), join(target, 'uv'))
    await chmod(join(target, 'uv'), 0o755)
  } finally {
    await rm(unpacked, { recursive: true, force: true })
  }
}
