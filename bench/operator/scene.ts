// The test cluster as this bench wants it: made new, nodes and kubelets played by kwok, our definitions, and the chart's own accounts and rights,
// so that the operator is measured with what it may do, and every write of it stands in the API server's audit log.
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle } from '../../images/bundle.ts'
import { inNetwork, run, waitUntil } from '../../test/cluster/commands.ts'
import { requireDaemon, startDaemon } from '../../test/cluster/daemons.ts'
import { bringUp, isUp, kubectl } from '../../test/cluster/own-cluster.ts'
import { API_URL, CACHE, KUBECONFIG, NODE1, PKI, program } from '../../test/cluster/settings.ts'
import type { Stages } from '../../test/cluster/stages.ts'
import { AWAKE, FOLDER, HUB, NAP_MS, PODS_PER_NODE, RATE, SANDBOXES, kubeconfigOf } from './settings.ts'

const ROOT = join(import.meta.dirname, '../..')
const STAGES_OF_KWOK = ['node/fast', 'node/heartbeat-with-lease', 'pod/fast']
const CHART_PARTS = ['rbac/accounts', 'rbac/leases', 'rbac/sandboxes', 'sandboxes/account']

/** @throws when a cluster is up: it is somebody's, and fifty thousand objects would change it for good */
export function requireNoCluster(): void {
  if (isUp()) throw new Error('A cluster is up: end it first (make cluster-down), figures need one of their own.')
}

export async function setScene(stages: Stages): Promise<void> {
  await rm(FOLDER, { recursive: true, force: true })
  await mkdir(FOLDER, { recursive: true, mode: 0o700 })
  await stages.run("the operator's program", () => bundle('operator', FOLDER))
  await bringUp(stages)
  await stages.run('kwok and its nodes', startKwok)
  await stages.run('definitions, accounts, rights', installRights)
}

async function startKwok(): Promise<void> {
  const config = join(FOLDER, 'kwok.yaml')
  await writeFile(config, await joinStages())
  const flags = {
    config,
    kubeconfig: KUBECONFIG,
    'manage-all-nodes': 'false',
    // without leases the controller-manager takes the nodes for lost after 40 s
    'node-lease-duration-seconds': '40',
    'manage-nodes-with-annotation-selector': 'kwok.x-k8s.io/node=fake',
    'node-ip': '127.0.0.1',
    'server-address': '127.0.0.1:10247',
  }
  const given = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  startDaemon('kwok', inNetwork([program('kwok'), ...given]))
  // the one real node would get pods whose image is nowhere
  await kubectl(['cordon', NODE1.name])
  const count = Math.ceil(((AWAKE + (2 * RATE * NAP_MS) / 1000) * 1.5) / PODS_PER_NODE)
  const nodes = Array.from({ length: count }, (_, index) => buildNode(`fake-${index}`))
  await kubectl(['create', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: nodes }) })
  await waitUntil('the nodes of kwok are Ready', () => {
    requireDaemon('kwok')
    return kubectl(['wait', '--for=condition=Ready', 'node', '-l', 'type=kwok', '--timeout=5s'])
  })
}

/** kwok does nothing without them. */
async function joinStages(): Promise<string> {
  const parts: string[] = []
  for (const kind of STAGES_OF_KWOK) {
    const folder = join(CACHE, 'programs/kwok-stages', kind)
    for (const file of (await readdir(folder)).sort()) {
      if (/^(node|pod)-.*\.yaml$/.test(file)) parts.push(await readFile(join(folder, file), 'utf8'))
    }
  }
  return parts.join('\n---\n')
}

function buildNode(name: string): object {
  const room = { cpu: '1k', memory: '4Ti', 'ephemeral-storage': '40Ti', pods: String(PODS_PER_NODE) }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: { type: 'kwok', 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' },
    },
    status: { allocatable: room, capacity: room },
  }
}

async function installRights(): Promise<void> {
  await kubectl(['apply', '--server-side', '-f', join(ROOT, 'crds')])
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s'])
  for (const namespace of [HUB, SANDBOXES]) await kubectl(['create', 'namespace', namespace])
  const parts = CHART_PARTS.flatMap((part) => ['--show-only', `templates/${part}.yaml`])
  const rendered = await run([program('helm'), 'template', HUB, join(ROOT, 'charts/mcphub'), '-n', HUB, ...parts])
  await kubectl(['apply', '-f', '-'], { input: rendered })
  for (const who of ['gateway', 'operator'] as const) await writeKubeconfig(who)
}

/** As a pod of that account would have it. */
async function writeKubeconfig(who: 'gateway' | 'operator'): Promise<void> {
  const token = (await kubectl(['-n', HUB, 'create', 'token', `mcphub-${who}`, '--duration=3h'])).trim()
  const ca = (await readFile(join(PKI, 'ca.crt'))).toString('base64')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'bench', cluster: { server: API_URL, 'certificate-authority-data': ca } }],
    users: [{ name: who, user: { token } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: who, namespace: SANDBOXES } }],
    'current-context': 'bench',
  }
  await writeFile(kubeconfigOf(who), JSON.stringify(config), { mode: 0o600 })
}

/** The folder with tokens goes with the cluster they are for. */
export async function clearScene(): Promise<void> {
  if (existsSync(FOLDER)) await rm(FOLDER, { recursive: true, force: true })
}
