// What a cluster can prove, asked of the cluster itself: a test of isolation says nothing where nobody enforces a policy.
import { randomBytes } from 'node:crypto'
import type { Cluster } from './cluster.ts'
import { TEST_IMAGE } from './settings.ts'

export interface Probe {
  readonly name: 'deny enforced' | 'RuntimeClass gvisor' | 'two nodes' | 'image volumes' | 'default StorageClass'
  readonly holds: boolean
  /** what was seen */
  readonly evidence: string
}

/** Nobody has it already, on a cluster of somebody's either. */
const NAMESPACE = `mcphub-probe-${randomBytes(3).toString('hex')}`

/** Ends with 0 when the API server let it connect, 1 when not within two seconds. */
const CONNECT = `
const socket = require('node:net').connect(+process.env.KUBERNETES_SERVICE_PORT, process.env.KUBERNETES_SERVICE_HOST)
socket.on('connect', () => process.exit(0))
socket.on('error', () => process.exit(1))
setTimeout(() => process.exit(1), 2000)`

const pod = (name: string, image: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { probe: name } },
  spec: {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    containers: [{ name: 'probe', image, imagePullPolicy: 'IfNotPresent', command: ['node', '-e', CONNECT] }],
  },
})

const DENY = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'deny' },
  spec: { podSelector: { matchLabels: { probe: 'denied' } }, policyTypes: ['Egress'] },
}

const phaseOf = (cluster: Cluster, name: string): Promise<string> =>
  cluster.kubectl(['-n', NAMESPACE, 'get', 'pod', name, '-o', 'jsonpath={.status.phase}'])

/** One pod without a policy reaches the API server, its twin under deny-all does not. */
async function probeDeny(cluster: Cluster, image: string): Promise<Probe> {
  const name = 'deny enforced'
  await cluster.kubectl(['create', 'namespace', NAMESPACE])
  try {
    const inNamespace = ['-n', NAMESPACE, 'apply', '-f', '-']
    await cluster.kubectl(inNamespace, { input: JSON.stringify(DENY) })
    await cluster.kubectl(['-n', NAMESPACE, 'wait', '--for=create', 'serviceaccount/default', '--timeout=20s'])
    const items = [pod('free', image), pod('denied', image)]
    await cluster.kubectl(inNamespace, { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) })
    const phases: string[] = []
    for (const [one, phase] of [
      ['free', 'Succeeded'],
      ['denied', 'Failed'],
    ] as const) {
      // a pod that ends otherwise runs this into its time-out: its phase tells
      await cluster
        .kubectl(['-n', NAMESPACE, 'wait', `--for=jsonpath={.status.phase}=${phase}`, `pod/${one}`, '--timeout=30s'])
        .catch(() => {})
      phases.push(await phaseOf(cluster, one))
    }
    const holds = phases[0] === 'Succeeded' && phases[1] === 'Failed'
    return { name, holds, evidence: `to the API server: without policy ${phases[0]}, under deny ${phases[1]}` }
  } finally {
    // the next probe waits for its end, nobody else has to
    await cluster.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false'])
  }
}

async function probeGvisor(cluster: Cluster): Promise<Probe> {
  const classes = (await cluster.kubectl(['get', 'runtimeclass', '-o', 'name'])).trim().split('\n').filter(Boolean)
  const holds = classes.some((one) => one.endsWith('/gvisor'))
  return { name: 'RuntimeClass gvisor', holds, evidence: classes.join(', ') || 'no RuntimeClass' }
}

async function probeNodes(cluster: Cluster): Promise<Probe> {
  const nodes = (await cluster.kubectl(['get', 'nodes', '-o', 'name'])).trim().split('\n')
  // ours brings its second when a test asks for it
  return { name: 'two nodes', holds: nodes.length > 1 || cluster.own, evidence: nodes.join(', ') }
}

interface Version {
  readonly serverVersion: { readonly major: string; readonly minor: string; readonly gitVersion: string }
}

/** They are on by default since 1.35. */
async function probeImageVolumes(cluster: Cluster): Promise<Probe> {
  const { serverVersion } = JSON.parse(await cluster.kubectl(['version', '-o', 'json'])) as Version
  const { major, minor, gitVersion } = serverVersion
  // some call themselves 35+
  const holds = Number(major) > 1 || Number.parseInt(minor, 10) >= 35
  return { name: 'image volumes', holds, evidence: gitVersion }
}

interface StorageClasses {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> }
  }[]
}

async function probeStorage(cluster: Cluster): Promise<Probe> {
  const { items } = JSON.parse(await cluster.kubectl(['get', 'storageclass', '-o', 'json'])) as StorageClasses
  const chosen = items.find(
    ({ metadata }) => metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true',
  )
  return {
    name: 'default StorageClass',
    holds: chosen !== undefined,
    evidence: chosen?.metadata.name ?? `none of ${items.length} is the default`,
  }
}

/** @param image with Node, which the nodes have or pull */
export const probeCluster = async (cluster: Cluster, image = TEST_IMAGE): Promise<readonly Probe[]> => [
  await probeDeny(cluster, image),
  await probeGvisor(cluster),
  await probeNodes(cluster),
  await probeImageVolumes(cluster),
  await probeStorage(cluster),
]

export const presentProbes = (probes: readonly Probe[]): string =>
  probes.map(({ name, holds, evidence }) => `${holds ? 'yes' : 'NO '}  ${name.padEnd(20)}  ${evidence}`).join('\n')
