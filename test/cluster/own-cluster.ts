// Brings up the project's own cluster, stage by stage: one node, a second on demand.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunOptions } from './commands.ts'
import { inNetwork, run, waitUntil } from './commands.ts'
import { startApiServer, startControllers } from './control-plane.ts'
import { writeCredentials } from './credentials.ts'
import { isDaemonRunning, requireDaemon } from './daemons.ts'
import { prepareMachine, removeSecondNode, takeDown } from './down.ts'
import { installPackages, requireHost } from './host.ts'
import type { ImageArchives } from './images.ts'
import { prepareImages } from './images.ts'
import { importImage, runNetworkScript, startContainerd, startKubelet, startPolicyEngine } from './node.ts'
import { prepareGvisor, preparePrograms } from './programs.ts'
import type { ClusterNode } from './settings.ts'
import { KUBECONFIG, NODE1, NODE2, RUN, STATE, WITH_GVISOR, program } from './settings.ts'
import type { Stages } from './stages.ts'

const SYSTEM = join(import.meta.dirname, 'system.yaml')
const GVISOR_CLASS = join(import.meta.dirname, 'runtime-class.yaml')

/** @throws CommandError with kubectl's own words */
export const kubectl = (args: readonly string[], options?: RunOptions): Promise<string> =>
  run(inNetwork([program('kubectl'), `--kubeconfig=${KUBECONFIG}`, ...args]), options)

/** Everything that can be made before the cluster is wanted; what is cached costs nothing. */
export async function prepareCluster(stages: Stages): Promise<ImageArchives> {
  await requireHost()
  await stages.run('Debian packages', installPackages)
  await stages.run('programs', preparePrograms)
  if (WITH_GVISOR) await stages.run('gVisor', prepareGvisor)
  return await stages.run('image archives', prepareImages)
}

/** Mounts that the kubelet makes must be seen by containers: our folders are shared mounts of their own, the machine's root stays as it is. */
async function makeFolders(): Promise<void> {
  for (const folder of [STATE, RUN]) {
    await mkdir(folder, { recursive: true, mode: 0o711 })
    await run(['mount', '--bind', folder, folder])
    await run(['mount', '--make-shared', folder])
  }
  await writeFile(join(STATE, 'resolv.conf'), 'nameserver 127.0.0.1\n')
}

const waitForApiServer = (): Promise<void> =>
  waitUntil('the API server is ready', () => {
    requireDaemon('etcd')
    requireDaemon('apiserver')
    return kubectl(['get', '--raw', '/readyz'])
  })

async function startNode(node: ClusterNode): Promise<void> {
  await startKubelet(node)
  await startPolicyEngine(node)
  await waitUntil(`${node.name} is Ready`, () => {
    requireDaemon(`${node.name}-kubelet`)
    return kubectl(['wait', '--for=condition=Ready', `node/${node.name}`, '--timeout=5s'])
  })
}

async function waitForSystem(): Promise<void> {
  await kubectl(['-n', 'kube-system', 'rollout', 'status', 'deployment/coredns', '--timeout=60s'])
  // pods are refused until their namespace has it
  await waitUntil('the default ServiceAccount is there', () => kubectl(['get', 'serviceaccount', 'default']))
}

/** Down first, always: an earlier run may have been left in the middle. */
export async function bringUp(stages: Stages): Promise<void> {
  const images = await prepareCluster(stages)
  await stages.run('down, of an earlier run', takeDown)
  await stages.run('certificates and network', async () => {
    await makeFolders()
    await prepareMachine()
    await writeCredentials()
    await runNetworkScript('first')
  })
  await stages.run('API server ready, images imported', async () => {
    startApiServer()
    await Promise.all([startContainerd(NODE1, images), waitForApiServer()])
  })
  await stages.run('controllers, system objects', async () => {
    startControllers()
    await kubectl(['apply', '--server-side', '-f', SYSTEM])
    if (WITH_GVISOR) await kubectl(['apply', '--server-side', '-f', GVISOR_CLASS])
  })
  await stages.run('node Ready', () => startNode(NODE1))
  await stages.run('CoreDNS Ready', waitForSystem)
}

export const isUp = (): boolean => isDaemonRunning('apiserver') && isDaemonRunning('node1-kubelet')

const hasSecondNode = (): boolean => isDaemonRunning('node2-kubelet')

export async function addSecondNode(): Promise<void> {
  if (hasSecondNode()) return
  await removeSecondNode()
  await runNetworkScript('second')
  await startContainerd(NODE2, await prepareImages())
  await startNode(NODE2)
}

/** Into every node that there is: nothing is pulled. */
export async function loadImage(archive: string): Promise<void> {
  await Promise.all((hasSecondNode() ? [NODE1, NODE2] : [NODE1]).map((node) => importImage(node, archive)))
}
