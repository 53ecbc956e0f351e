// The NetworkPolicies of the sandboxes namespace: one that denies everything to every pod, and one per stdio server that opens what its pods
// need. Pure. Written out in full, with no field the API server would add, so that what is wanted and what is there can be compared.
import { LABELS, commonLabels, type StdioSpec } from '@mcphub/api'
import { ownerReference } from '../pods/owner.ts'
import { SHIM_PORT, type PodSettings } from '../pods/settings.ts'
import type { ServerObject } from '../resources.ts'
import { ipBlocks } from './ip-blocks.ts'
import type { NetworkPolicy, PolicyPeer, PolicyPort, PolicySpec } from './network-policy.ts'
import { METADATA_NETWORKS, NOT_PUBLIC_NETWORKS, PUBLIC_NETWORKS } from './networks.ts'

/** Port of the gateways that shims call when they listen. */
const CALL_HOME_PORT = 8443
const DNS_PORT = 53

export interface PolicySettings extends Pick<
  PodSettings,
  'instance' | 'namespace' | 'hubNamespace' | 'callHomeIp' | 'blockedCidrs' | 'dnsCidrs'
> {
  /** none: a package needs egress of its own */
  readonly registry: Pick<PodSettings['registry'], 'cidrs'>
}

/** What a policy is made from. */
export interface PolicyServer {
  readonly name: string
  readonly uid: string
  readonly stdio: Pick<StdioSpec, 'egress' | 'package'>
}

/** null for a server without pods. */
export function policyServerOf({ metadata, spec }: ServerObject): PolicyServer | null {
  return spec.type === 'Stdio' && spec.stdio ? { name: metadata.name, uid: metadata.uid, stdio: spec.stdio } : null
}

/** The policies that must stand before a pod of this server is made. */
export function buildPolicies(server: PolicyServer, settings: PolicySettings): readonly NetworkPolicy[] {
  return [buildDefaultDeny(settings), buildServerPolicy(server, settings)]
}

/** No pod of the namespace reaches anything or is reached, whoever made it. It belongs to nobody, so that it outlives every server. */
export function buildDefaultDeny({ instance, namespace }: PolicySettings): NetworkPolicy {
  return {
    metadata: { namespace, name: 'default-deny', labels: commonLabels('sandbox', instance) },
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  }
}

export function buildServerPolicy(server: PolicyServer, settings: PolicySettings): NetworkPolicy {
  const { name, uid } = server
  return {
    metadata: {
      namespace: settings.namespace,
      name: `server-${name}`,
      labels: { ...commonLabels('sandbox', settings.instance), [LABELS.server]: name },
      ownerReferences: [ownerReference('McpServer', name, uid)],
    },
    spec: {
      podSelector: { matchLabels: { [LABELS.server]: name } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [gateways(settings)], ports: tcp(SHIM_PORT) }],
      egress: buildEgress(server, settings),
    },
  }
}

function buildEgress({ stdio }: PolicyServer, settings: PolicySettings): NonNullable<PolicySpec['egress']> {
  const installs = stdio.package !== undefined
  const { callHomeIp, registry, blockedCidrs } = settings
  const needsDns = callHomeIp === null || installs || stdio.egress.mode !== 'None'
  const open = [
    ...(installs ? ipBlocks(registry.cidrs, [...METADATA_NETWORKS, ...blockedCidrs]) : []),
    ...openNetworks(stdio.egress, settings),
  ]
  return [
    { to: [gateways(settings)], ports: tcp(CALL_HOME_PORT) },
    ...(needsDns ? [{ to: resolvers(settings), ports: DNS }] : []),
    ...(open.length > 0 ? [{ to: open }] : []),
  ]
}

function openNetworks({ mode, cidrs = [] }: StdioSpec['egress'], { blockedCidrs }: PolicySettings): PolicyPeer[] {
  if (mode === 'Internet') return ipBlocks(PUBLIC_NETWORKS, [...NOT_PUBLIC_NETWORKS, ...blockedCidrs])
  if (mode === 'Cidrs') return ipBlocks(cidrs, [...METADATA_NETWORKS, ...blockedCidrs])
  return []
}

function gateways({ hubNamespace, instance }: PolicySettings): PolicyPeer {
  const labels = commonLabels('gateway', instance)
  const told = [LABELS.name, LABELS.instance, LABELS.component].map((name) => [name, labels[name]!] as const)
  return {
    namespaceSelector: inNamespace(hubNamespace),
    podSelector: { matchLabels: Object.fromEntries(told) },
  }
}

function resolvers({ dnsCidrs }: PolicySettings): PolicyPeer[] {
  return [
    { namespaceSelector: inNamespace('kube-system'), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } },
    ...dnsCidrs.map((cidr) => ({ ipBlock: { cidr } })),
  ]
}

/** By the label the API server itself gives every namespace. */
const inNamespace = (name: string): { readonly matchLabels: Record<string, string> } => ({
  matchLabels: { 'kubernetes.io/metadata.name': name },
})

const tcp = (port: number): readonly PolicyPort[] => [{ protocol: 'TCP', port }]
const DNS: readonly PolicyPort[] = [
  { protocol: 'UDP', port: DNS_PORT },
  { protocol: 'TCP', port: DNS_PORT },
]
