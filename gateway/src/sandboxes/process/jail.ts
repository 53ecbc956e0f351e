// A private root for one child, built by util-linux in a mount namespace of its own: system folders read-only, its own folder writable, /proc
// without other people's processes, and nothing else of the host: no hub data, no database socket, no other work folder. Pure: only builds argv.
import { dirname } from 'node:path'

export interface JailInput {
  /** empty folder where the root is assembled; each namespace sees only its own */
  readonly mountPoint: string
  /** folder with an empty file for each device */
  readonly devices: string
  /** folders bound read-only at their own paths (the node runtime, the package) */
  readonly readable: readonly string[]
  /** the child's folders, bound writable at their own paths; what lies above them is the hub's: the child must not choose what is bound */
  readonly work: string
  readonly tmp: string
  readonly cwd: string
  /** as root: this uid after the mounts, and no privilege ever again. Null: an ordinary user, who keeps the own uid in a user namespace */
  readonly uid: number | null
  readonly own: { readonly uid: number; readonly gid: number }
  /** folders of the host's system that exist, e.g. /usr */
  readonly system: readonly string[]
}

const READ_ONLY = 'rbind,ro,nosuid,nodev,X-mount.mkdir'
export const DEVICES = ['null', 'zero', 'full', 'random', 'urandom']

/** Stage 1, still with the right to mount. $1 = where, $2 = the file that says what; the rest is the next stage. Nothing of the child's runs here. */
const BUILD_ROOT = `set -e
mount -a -T "$2"
cd "$1"
shift 2
pivot_root . .
umount -l .
cd /
exec "$@"`

/** Processes and threads of one (user, server) uid: a fork bomb meets its end before the host does. A browser needs some 300. */
const MOST_TASKS = 512

/** Stage 2, already without privileges: the child's environment comes through fd 3, so that no secret stands in an argv. $1 = folder. */
const buildEntry = (limit: string): string => `environment=$(cat <&3) || exit 125
exec 3<&-
cd "$1" || exit 125
shift
ulimit -c 0
${limit}
unset OLDPWD PWD LC_ALL
eval "$environment"
exec "$@"`

/** Octal escapes of fstab(5). */
const escapeField = (text: string): string =>
  text.replace(/[\s\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)

const isBelow = (path: string, parent: string): boolean => path === parent || path.startsWith(`${parent}/`)

/** fstab lines in the order they are mounted. */
export function buildMountTable(input: JailInput): string {
  const { mountPoint, system, uid } = input
  const lines: string[] = []
  const add = (source: string, target: string, type: string, options: string): void => {
    lines.push(`${escapeField(source)} ${escapeField(mountPoint + target)} ${type} ${options} 0 0`)
  }
  // small: in a user namespace the child owns it and could fill it
  add('tmpfs', '', 'tmpfs', 'mode=755,nosuid,nodev,size=256k,nr_inodes=512')
  for (const folder of system) add(folder, folder, 'none', READ_ONLY)
  add(input.devices, '/dev', 'none', 'bind,ro,nosuid,nodev,X-mount.mkdir')
  for (const name of DEVICES) add(`/dev/${name}`, `/dev/${name}`, 'none', 'bind')
  // as root there is no pid namespace: the other uids' processes are hidden instead
  add('proc', '/proc', 'proc', `nosuid,nodev,noexec,X-mount.mkdir${uid === null ? '' : ',hidepid=2'}`)
  if (!isBelow(input.tmp, '/tmp') && input.readable.every((folder) => !isBelow(folder, '/tmp')))
    add(input.tmp, '/tmp', 'none', 'bind,nosuid,nodev,X-mount.mkdir')
  for (const folder of new Set(input.readable)) {
    if (!system.some((parent) => isBelow(folder, parent))) add(folder, folder, 'none', READ_ONLY)
  }
  for (const folder of [input.work, input.tmp]) add(folder, folder, 'none', 'bind,nosuid,nodev,X-mount.mkdir')
  return lines.join('\n')
}

/** argv that ends in `command`, inside the private root that the file `table` describes. */
export function buildJail(input: JailInput, table: string, command: readonly string[]): string[] {
  const { uid, own, mountPoint } = input
  // in a user namespace the count would be that of the hub's own account; dash says -p, bash -u
  const limit = uid === null ? '' : `ulimit -p ${MOST_TASKS} 2>/dev/null || ulimit -u ${MOST_TASKS} 2>/dev/null || :`
  // shared memory and queues of System V know no folders: where uids are one, they would be everybody's, PostgreSQL's too
  const enclose =
    uid === null
      ? ['--user', '--map-root-user', '--mount', '--ipc', '--pid', '--fork', '--kill-child']
      : ['--mount', '--ipc']
  const drop =
    uid === null
      ? ['unshare', '--user', `--map-user=${own.uid}`, `--map-group=${own.gid}`]
      : [
          'setpriv',
          `--reuid=${uid}`,
          `--regid=${uid}`,
          '--clear-groups',
          '--inh-caps=-all',
          '--bounding-set=-all',
          '--no-new-privs',
        ]
  return [
    ...['unshare', ...enclose, '--', '/bin/sh', '-c', BUILD_ROOT, 'mcphub-root', mountPoint, table],
    ...[...drop, '--', '/bin/sh', '-c', buildEntry(limit), 'mcphub-enter', input.cwd],
    ...command,
  ]
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** The text for fd 3: read by a shell that has no privilege any more. */
export function serialiseEnvironment(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => `export ${name}=${quote(value)}\n`)
    .join('')
}

/** Folders of the host a program may need, as far as they exist; plus where the resolver's configuration really lies. */
export function listSystemFolders(exists: (path: string) => boolean, resolverFile: string | null): string[] {
  const folders = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/etc', '/nix/store'].filter(exists)
  if (resolverFile !== null && !folders.some((folder) => isBelow(resolverFile, folder)))
    folders.push(dirname(resolverFile))
  return folders
}
