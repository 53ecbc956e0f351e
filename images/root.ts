// A root file system with nothing but Node, the libraries it has loaded, certificates and two accounts: node images/root.ts FOLDER.
// Runs in the build stage of a Dockerfile, by the Node that is to be copied; what comes out has no shell and no package manager.
import { lookup } from 'node:dns/promises'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** Certificates, and where the loader finds libraries that lie in no folder of its own; not every base has them. */
const COPIED = ['/etc/ssl/certs/ca-certificates.crt', '/etc/ld.so.cache']

/** 65532: gateway and operator. 64536: sandboxes. */
const PASSWD = [
  'root:x:0:0:root:/:/sbin/nologin',
  'mcphub:x:65532:65532:mcphub:/tmp:/sbin/nologin',
  'sandbox:x:64536:64536:sandbox:/work:/sbin/nologin',
]
const GROUP = ['root:x:0:', 'mcphub:x:65532:', 'sandbox:x:64536:']

const FILES: Readonly<Record<string, string>> = {
  'etc/passwd': `${PASSWD.join('\n')}\n`,
  'etc/group': `${GROUP.join('\n')}\n`,
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
}

/** Mapped into this process, by the names they have in their folders: `libstdc++.so.6` is a link to the file with the whole version. */
function listLibraries(): string[] {
  const mapped = readFileSync('/proc/self/maps', 'utf8').split('\n')
  const files = mapped.map((line) => line.slice(line.indexOf('/'))).filter((path) => /\.so(?:\.\d+)*$/.test(path))
  return [...new Set(files)].flatMap((file) => {
    const stem = basename(file).replace(/\.so.*/, '.so')
    const beside = readdirSync(dirname(file)).filter((name) => name.startsWith(`${stem}.`))
    return beside.map((name) => join(dirname(file), name)).filter((path) => realpathSync(path) === realpathSync(file))
  })
}

/** Where a program's header names its loader: `/lib64/ld-linux-x86-64.so.2` and the like are links in many a system. */
function listLoaders(): string[] {
  return ['/lib64', '/lib'].flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => /^ld-linux.*\.so\.\d+$/.test(name))
          .map((name) => join(folder, name))
      : [],
  )
}

/** What the path links to, under the path's own name. */
function copyTo(root: string, path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  cpSync(path, join(root, path), { dereference: true })
}

export async function collectRoot(root: string): Promise<void> {
  // loads what the C library takes for names, if anything
  await lookup('localhost').catch(() => null)
  for (const path of [...listLibraries(), ...listLoaders()]) copyTo(root, path)
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true })
  cpSync(process.execPath, join(root, 'usr/local/bin/node'), { dereference: true })
  mkdirSync(join(root, 'etc'), { recursive: true })
  for (const [path, text] of Object.entries(FILES)) writeFileSync(join(root, path), text)
  for (const path of COPIED.filter((one) => existsSync(one))) copyTo(root, path)
  for (const folder of ['tmp', 'work', 'data']) mkdirSync(join(root, folder), { recursive: true })
  chmodSync(join(root, 'tmp'), 0o1777)
}

if (import.meta.main) await collectRoot(process.argv[2] ?? '')
