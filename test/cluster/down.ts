// Ends everything of the cluster and takes away what it left: processes, mounts, cgroups, network namespaces, folders. It needs no cluster that
// came up whole: the machine may have been left in the middle.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { attempt, inNetwork, run, waitUntil } from './commands.ts'
import { listDaemons, stopDaemon } from './daemons.ts'
import { ctr } from './node.ts'
import type { ClusterNode } from './settings.ts'
import { NODE1, NODE2, NODES, RUN, STATE, cgroupOf, program } from './settings.ts'

const CGROUPS = '/sys/fs/cgroup'

/** Folders outside our own that kubelet, containerd, CNI, NRI and `ip netns` make at fixed paths; those that were not there before go again. */
const FOOTPRINTS = [
  '/opt/containerd',
  '/run/containerd',
  '/run/netns',
  '/run/nri',
  '/usr/libexec/kubernetes',
  '/var/lib/cni',
  '/var/lib/kubelet',
  '/var/log/containers',
]
const FOUND = join(STATE, 'found.json')

/** Machine-wide settings a kubelet with many pods needs higher. */
const INOTIFY = { 'fs.inotify.max_user_instances': '8192', 'fs.inotify.max_user_watches': '524288' }

interface Found {
  readonly folders: readonly string[]
  readonly settings: Readonly<Record<string, string>>
}

/** Raises the machine-wide settings, and remembers how the machine was before. */
export async function prepareMachine(): Promise<void> {
  const folders = FOOTPRINTS.filter((folder) => existsSync(folder))
  const settings: Record<string, string> = {}
  for (const name of Object.keys(INOTIFY)) {
    settings[name] = (await run(['sysctl', '-n', name])).trim()
  }
  await writeFile(FOUND, JSON.stringify({ folders, settings } satisfies Found))
  await run(['sysctl', '-qw', ...Object.entries(INOTIFY).map(([name, value]) => `${name}=${value}`)])
}

async function restoreMachine(): Promise<void> {
  const text = await readFile(FOUND, 'utf8').catch(() => null)
  if (text === null) return
  const { folders, settings } = JSON.parse(text) as Found
  await attempt(['sysctl', '-qw', ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)])
  const made = FOOTPRINTS.filter((folder) => !folders.includes(folder) && !isUsed(folder))
  await unmount(made)
  // a program that is ending may still make a folder in one of them
  const patient = { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }
  await Promise.all(made.map((folder) => rm(folder, patient)))
}

/** Somebody else's network namespaces may have come meanwhile; ours are gone. */
const isUsed = (folder: string): boolean =>
  folder === '/run/netns' && existsSync(folder) && readdirSync(folder).length > 0

/** The pods' processes first, while containerd can still be asked; it goes last. */
async function stopContainerd(node: ClusterNode): Promise<void> {
  const listTasks = async (): Promise<string[]> =>
    (await attempt(ctr(node, 'tasks', 'ls', '-q'), { timeoutMs: 20_000 })).split('\n').filter(Boolean)
  const tasks = await listTasks()
  await Promise.all(tasks.map((task) => attempt(ctr(node, 'tasks', 'kill', '-a', '-s', 'KILL', task))))
  await Promise.all((await listTasks()).map((task) => attempt(ctr(node, 'tasks', 'rm', '-f', task))))
  await stopDaemon(`${node.name}-containerd`)
}

function killProcesses(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it ended meanwhile
    }
  }
}

/** Whatever still runs in a cgroup that is ours alone. */
function listPodProcesses(node: ClusterNode): number[] {
  const root = join(CGROUPS, 'pids', cgroupOf(node))
  try {
    return readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('cgroup.procs'))
      .flatMap((file) => readFileSync(join(root, file), 'utf8').trim().split('\n').filter(Boolean).map(Number))
  } catch {
    return [] // there is no such cgroup
  }
}

/** containerd's shims outlive it; ours are known by our program and our socket in their arguments. */
function listShims(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [file = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        return file.includes('containerd-shim') && args.some((arg) => arg.startsWith(`${RUN}/`))
      } catch {
        return false
      }
    })
}

/** Paths of all mounts on or below the folders. */
const listMounts = (folders: readonly string[]): string[] =>
  readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => folders.some((folder) => path === folder || path.startsWith(`${folder}/`)))

/** @throws when one stays: a folder that still holds a mount would be emptied through it */
async function unmount(folders: readonly string[]): Promise<void> {
  for (const path of listMounts(folders).sort().reverse()) {
    await attempt(['umount', '-l', path])
  }
  const left = listMounts(folders)
  if (left.length > 0) throw new Error(`mounts are left, so nothing is removed: ${left.join(', ')}`)
}

async function removeCgroups(node: ClusterNode): Promise<void> {
  const roots = (await readdir(CGROUPS)).map((hierarchy) => join(CGROUPS, hierarchy, cgroupOf(node)))
  const removeAll = (): Promise<string[]> =>
    Promise.all(roots.map((root) => attempt(['find', root, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+'])))
  const areGone = async (): Promise<boolean> => {
    await removeAll()
    return listCgroups(node).length === 0
  }
  // the kernel lets a cgroup go a moment after its last process
  await waitUntil(`the cgroups of ${node.name} go`, areGone, 10_000)
}

const listCgroups = (node: ClusterNode): string[] =>
  readdirSync(CGROUPS).filter((hierarchy) => readdirSync(join(CGROUPS, hierarchy)).includes(cgroupOf(node)))

const removeNetwork = (node: ClusterNode): Promise<string> => attempt(['ip', 'netns', 'del', node.network])

/** Ends one node as if its plug was pulled: nothing tells the API server. The caller may delete the Node. */
export async function stopNode(node: ClusterNode): Promise<void> {
  for (const daemon of ['kubelet', 'kube-proxy', 'netpold']) {
    await stopDaemon(`${node.name}-${daemon}`)
  }
  await stopContainerd(node)
  killProcesses(listPodProcesses(node))
}

export async function removeSecondNode(): Promise<void> {
  await stopNode(NODE2)
  await removeCgroups(NODE2)
  await removeNetwork(NODE2)
  await attempt(inNetwork([program('kubectl'), `--kubeconfig=${STATE}/admin.kubeconfig`, 'delete', 'node', NODE2.name]))
}

/** @throws when something is left that could not be taken away */
export async function takeDown(): Promise<void> {
  await Promise.all(NODES.map(stopNode))
  await Promise.all(
    listDaemons()
      .filter((name) => name !== 'etcd')
      .map(stopDaemon),
  )
  await stopDaemon('etcd')
  killProcesses(listShims())
  await unmount([STATE, RUN])
  await Promise.all(NODES.map(removeCgroups))
  for (const node of [NODE2, NODE1]) {
    await removeNetwork(node)
  }
  await restoreMachine()
  await rm(RUN, { recursive: true, force: true })
  await rm(STATE, { recursive: true, force: true })
}
