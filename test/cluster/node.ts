// One node: its network, containerd, kubelet, kube-proxy and policy engine. Both nodes are made here, the second on demand.
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inNetwork, run, waitUntil } from './commands.ts'
import { logOf, requireDaemon, startDaemon } from './daemons.ts'
import type { ImageArchives } from './images.ts'
import {
  NRI_SOCKET,
  buildCniConfig,
  buildContainerdConfig,
  buildKubeProxyConfig,
  buildKubeletConfig,
  buildRunscConfig,
  containerdSocket,
  nriSocketOf,
} from './node-config.ts'
import { readNames } from './oci-archive.ts'
import type { ClusterNode } from './settings.ts'
import {
  NODE1,
  NODE2,
  PAUSE_IMAGE,
  POD_RANGE,
  SERVICE_RANGE,
  STATE,
  cgroupOf,
  program,
  runOf,
  stateOf,
} from './settings.ts'

const CGROUPS = '/sys/fs/cgroup'

/** The arguments come first of all in `network.sh`. */
export const runNetworkScript = (...args: string[]): Promise<string> =>
  run(['bash', join(import.meta.dirname, 'network.sh'), ...args], {
    env: {
      ...process.env,
      NETWORK1: NODE1.network,
      IP1: NODE1.ip,
      PODS1: NODE1.podRange,
      NETWORK2: NODE2.network,
      IP2: NODE2.ip,
      PODS2: NODE2.podRange,
      POD_RANGE,
      SERVICE_RANGE,
    },
  })

/** containerd's own client, on this node's images and containers. */
export const ctr = (node: ClusterNode, ...args: string[]): string[] => [
  program('ctr'),
  '--address',
  containerdSocket(node),
  '--namespace',
  'k8s.io',
  ...args,
]

/** Known by its name and by its digest, which a registry would know too. */
export async function importImage(node: ClusterNode, archive: string): Promise<void> {
  await run(ctr(node, 'images', 'import', '--local', archive))
  const { reference, byDigest } = await readNames(archive)
  await run(ctr(node, 'images', 'tag', '--force', reference, byDigest))
}

/** The kubelet wants its root in every hierarchy, with cpus and memory nodes filled in: else "cgroup has some missing paths". */
async function makeCgroups(node: ClusterNode): Promise<void> {
  const hierarchies = (await readdir(CGROUPS)).filter((name) => name !== 'unified')
  const root = (hierarchy: string): string => join(CGROUPS, hierarchy, cgroupOf(node))
  await Promise.all(hierarchies.map((hierarchy) => mkdir(root(hierarchy), { recursive: true })))
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    await writeFile(join(root('cpuset'), file), await readFile(join(CGROUPS, 'cpuset', file)))
  }
}

async function writeConfigs(node: ClusterNode): Promise<void> {
  const state = stateOf(node)
  const json = (config: object): string => JSON.stringify(config, null, 2)
  for (const folder of ['cni', 'nri/plugins', 'nri/conf.d', 'volume-plugins']) {
    await mkdir(join(state, folder), { recursive: true })
  }
  await mkdir(runOf(node), { recursive: true })
  await writeFile(join(state, 'containerd.toml'), buildContainerdConfig(node))
  await writeFile(join(state, 'runsc.toml'), buildRunscConfig())
  await writeFile(join(state, 'cni/10-mcphub.conflist'), json(buildCniConfig(node)))
  await writeFile(join(state, 'kubelet.json'), json(buildKubeletConfig(node)))
  await writeFile(join(state, 'kube-proxy.json'), json(buildKubeProxyConfig(node)))
}

/** Its images are what the archives hold; nothing is ever pulled. */
export async function startContainerd(node: ClusterNode, images: ImageArchives): Promise<void> {
  await writeConfigs(node)
  const name = `${node.name}-containerd`
  startDaemon(name, inNetwork([program('containerd'), '--config', join(stateOf(node), 'containerd.toml')], node))
  await waitUntil(
    'containerd answers',
    () => {
      requireDaemon(name)
      return run(ctr(node, 'version'))
    },
    30_000,
  )
  for (const archive of Object.values(images)) {
    await importImage(node, archive)
  }
  await run(ctr(node, 'images', 'label', PAUSE_IMAGE, 'io.cri-containerd.pinned=pinned'))
}

export async function startKubelet(node: ClusterNode): Promise<void> {
  await makeCgroups(node)
  const state = stateOf(node)
  const kubelet = [
    program('kubelet'),
    `--config=${join(state, 'kubelet.json')}`,
    `--kubeconfig=${join(STATE, `kubelet-${node.name}.kubeconfig`)}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${node.ip}`,
    `--root-dir=${join(state, 'kubelet')}`,
    `--cert-dir=${join(state, 'kubelet-certificates')}`,
    '--v=2',
  ]
  startDaemon(`${node.name}-kubelet`, inNetwork(kubelet, node))
  const proxy = [program('kube-proxy'), `--config=${join(state, 'kube-proxy.json')}`]
  startDaemon(`${node.name}-kube-proxy`, inNetwork(proxy, node))
}

/** The rules come last: from then on each new connection of a pod is queued for the engine. */
export async function startPolicyEngine(node: ClusterNode): Promise<void> {
  const name = `${node.name}-netpold`
  const kubeconfig = join(STATE, 'network-policies.kubeconfig')
  const engine = [program('netpold'), '-kubeconfig', kubeconfig, '-node', node.name, '-pods', node.podRange]
  const seesOwnSocket = `mount --bind ${nriSocketOf(node)} ${NRI_SOCKET} && exec "$@"`
  const command =
    nriSocketOf(node) === NRI_SOCKET ? engine : ['unshare', '-m', 'sh', '-c', seesOwnSocket, 'sh', ...engine]
  startDaemon(name, inNetwork(command, node))
  await waitUntil(
    'the policy engine enforces',
    async () => {
      requireDaemon(name)
      return (await readFile(logOf(name), 'utf8')).includes('enforcing')
    },
    20_000,
  )
  await runNetworkScript('policy', node.network)
}
