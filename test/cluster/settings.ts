// Where the test cluster lives: folders, addresses, names. All addresses exist only in network namespaces of its own; one cluster per machine.
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Programs, image archives and Go's caches: outside the checkout, survives runs. */
export const CACHE = process.env['MCPHUB_CLUSTER_CACHE'] ?? join(homedir(), '.cache/mcphub-cluster')
/** etcd's data, certificates, configurations, logs: made new by every start. */
export const STATE = '/var/lib/mcphub-cluster'
/** Sockets and the records of what runs: gone after a reboot, as the processes are. */
export const RUN = '/run/mcphub-cluster'
export const LOGS = join(STATE, 'logs')
/** the API server's, a JSON object in each line; audit-policy.yaml says of what */
export const AUDIT_LOG = join(LOGS, 'audit.log')
export const PKI = join(STATE, 'pki')
/** the administrator's; what `make cluster` prints */
export const KUBECONFIG = join(STATE, 'admin.kubeconfig')

/** gVisor costs a minute more to build; 0 leaves it and its RuntimeClass out. */
export const WITH_GVISOR = process.env['MCPHUB_CLUSTER_GVISOR'] !== '0'

export const POD_RANGE = '10.244.0.0/16'
export const SERVICE_RANGE = '10.96.0.0/16'
export const API_SERVICE_IP = '10.96.0.1'
export const DNS_IP = '10.96.0.10'

export const PAUSE_IMAGE = 'localhost/pause:1'
export const COREDNS_IMAGE = 'localhost/coredns:1'
/** Node, glibc and a busybox: what test pods run, and the base that images are built on */
export const NODE_IMAGE = 'localhost/node:26'
/** what test pods run, where a cluster of yours has it by another name; it needs `node` and a shell */
export const TEST_IMAGE = process.env['MCPHUB_CLUSTER_NODE_IMAGE'] ?? NODE_IMAGE

export interface ClusterNode {
  readonly name: 'node1' | 'node2'
  readonly ip: string
  readonly podRange: string
  /** name of its network namespace, as `ip netns` knows it */
  readonly network: string
}

/** The API server and everything else of the control plane runs here. */
export const NODE1: ClusterNode = {
  name: 'node1',
  ip: '172.31.250.1',
  podRange: '10.244.0.0/24',
  network: 'mcphub-cluster',
}
export const NODE2: ClusterNode = {
  name: 'node2',
  ip: '172.31.250.2',
  podRange: '10.244.1.0/24',
  network: 'mcphub-cluster-2',
}
export const NODES: readonly ClusterNode[] = [NODE1, NODE2]

/** without TLS, and only within its network */
export const ETCD_URL = 'http://127.0.0.1:2379'
export const API_URL = `https://${NODE1.ip}:6443`

/** Folder of a node's own state, and the one of its sockets. */
export const stateOf = (node: ClusterNode): string => join(STATE, node.name)
export const runOf = (node: ClusterNode): string => join(RUN, node.name)
/** The kubelet's own cgroup: two kubelets below one root would take each other's pods for orphans. */
export const cgroupOf = (node: ClusterNode): string => `mcphub-${node.name}`

/** A program that was built for the cluster. */
export const program = (name: string): string => join(CACHE, 'programs/bin', name)
export const gvisorProgram = (name: string): string => join(CACHE, 'gvisor/bin', name)
export const CNI_PLUGINS = join(CACHE, 'programs/cni')
