// The three images a cluster without a registry begins with: pause, CoreDNS, and Node as a base for everything else. Each is made once.
import { chmod, copyFile, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { cachedArchive, exists } from './archive-cache.ts'
import { run } from './commands.ts'
import { writeArchive } from './oci-archive.ts'
import { COREDNS_IMAGE, NODE_IMAGE, PAUSE_IMAGE, program } from './settings.ts'

/** Paths of OCI archives. */
export interface ImageArchives {
  readonly pause: string
  readonly coredns: string
  readonly node: string
}

const PAUSE_SOURCE = join(import.meta.dirname, 'pause.c')

async function makePause(work: string, file: string): Promise<void> {
  await run(['gcc', '-Os', '-static', '-s', '-o', join(work, 'pause'), PAUSE_SOURCE])
  await writeArchive(file, {
    reference: PAUSE_IMAGE,
    folder: work,
    config: { Entrypoint: ['/pause'], User: '65535:65535' },
  })
}

async function makeCoredns(work: string, file: string): Promise<void> {
  await copyFile(program('corednsd'), join(work, 'coredns'))
  await writeArchive(file, {
    reference: COREDNS_IMAGE,
    folder: work,
    config: { Entrypoint: ['/coredns'], User: '65532:65532' },
  })
}

/** Those Node is linked against, and what glibc loads for names. */
const LIBRARIES = [
  'c',
  'm',
  'dl',
  'rt',
  'util',
  'pthread',
  'resolv',
  'nss_dns',
  'nss_files',
  'gcc_s',
  'stdc++',
  'atomic',
]

async function copyLibraries(root: string): Promise<void> {
  const known = await run(['ldconfig', '-p'])
  const target = join(root, 'usr/lib/x86_64-linux-gnu')
  const names = LIBRARIES.map((name) => `lib${name}.so.`)
  const wanted = known
    .split('\n')
    .filter((line) => line.includes('x86-64'))
    .map((line) => line.split(' => ')[1] ?? '')
    .filter((path) => names.some((name) => /^\d+$/.test(basename(path).replace(name, ''))))
  await Promise.all(wanted.map((path) => copyFile(path, join(target, basename(path)))))
  await copyFile('/lib64/ld-linux-x86-64.so.2', join(root, 'lib64/ld-linux-x86-64.so.2'))
}

/** Debian's busybox for the shell and the small tools of test pods. */
async function addBusybox(root: string, work: string): Promise<void> {
  await run(['apt-get', 'download', '-qq', 'busybox'], { cwd: work })
  const [deb = ''] = (await readdir(work)).filter((name) => name.endsWith('.deb'))
  await run(['dpkg', '-x', join(work, deb), join(work, 'busybox')])
  await copyFile(join(work, 'busybox/bin/busybox'), join(root, 'bin/busybox'))
  const tools = (await run([join(root, 'bin/busybox'), '--list'])).trim().split('\n')
  await Promise.all(
    tools.filter((tool) => tool !== 'busybox').map((tool) => symlink('busybox', join(root, 'bin', tool))),
  )
}

const FOLDERS = [
  'usr/local/bin',
  'usr/lib/x86_64-linux-gnu',
  'lib64',
  'etc/ssl/certs',
  'tmp',
  'home/node',
  'bin',
  'proc',
  'sys',
  'dev',
  'run',
  'var',
]
const FILES: Readonly<Record<string, string>> = {
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
  'etc/group': 'root:x:0:\nnode:x:1000:\nnogroup:x:65534:\n',
  'etc/nsswitch.conf': 'hosts: files dns\n',
}

/** The Node of this checkout and what it needs of this machine. */
async function makeNode(work: string, file: string): Promise<void> {
  const root = join(work, 'root')
  await Promise.all(FOLDERS.map((folder) => mkdir(join(root, folder), { recursive: true })))
  await Promise.all(Object.entries(FILES).map(([path, text]) => writeFile(join(root, path), text)))
  await symlink('usr/lib', join(root, 'lib'))
  await chmod(join(root, 'tmp'), 0o1777)
  await copyFile(process.execPath, join(root, 'usr/local/bin/node'))
  await copyLibraries(root)
  await addBusybox(root, work)
  const authorities = '/etc/ssl/certs/ca-certificates.crt'
  if (await exists(authorities)) await copyFile(authorities, join(root, authorities))
  const config = {
    Env: ['PATH=/usr/local/bin:/bin', 'NODE_ENV=production'],
    User: '1000:1000',
    WorkingDir: '/home/node',
    Cmd: ['node'],
  }
  await writeArchive(file, { reference: NODE_IMAGE, folder: root, config })
}

/** The base of all images of ours, also without a cluster. */
export async function prepareNodeImage(): Promise<string> {
  return cachedArchive({ name: 'node', keys: [process.version, await readFile(import.meta.filename)], make: makeNode })
}

export async function prepareImages(): Promise<ImageArchives> {
  const code = await readFile(import.meta.filename)
  const pause = await readFile(PAUSE_SOURCE)
  // the programs' stamp is made anew whenever one of them is
  const programs = await readFile(join(dirname(dirname(program('corednsd'))), 'stamp'))
  return {
    pause: await cachedArchive({ name: 'pause', keys: [pause, code], make: makePause }),
    coredns: await cachedArchive({ name: 'coredns', keys: [programs, code], make: makeCoredns }),
    node: await prepareNodeImage(),
  }
}
