// The part of the configuration that only a cluster has (MCPHUB_MODE=kubernetes): who this pod is, where the sandboxes are, how replicas meet.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { FieldFault } from '@mcphub/api'
import { z } from 'zod'

const port = (fallback: number, help: string) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .max(65_535)
    .default(fallback)
    .meta({ description: `kubernetes: ${help}` })
const name = (help: string) =>
  z
    .string()
    .max(253)
    .optional()
    .meta({ description: `kubernetes: ${help}` })

export const CLUSTER_FIELDS = {
  MCPHUB_POD_IP: name('address of this pod (downward API: status.podIP)'),
  MCPHUB_POD_NAME: name('name of this pod (downward API: metadata.name)'),
  MCPHUB_NAMESPACE: name('namespace of the hub'),
  MCPHUB_SANDBOX_NAMESPACE: name('namespace of McpServers, UserGroups and sandboxes'),
  MCPHUB_PEERS_SERVICE: name('DNS name of the headless Service of the gateways'),
  MCPHUB_INTERNAL_NAME: name('DNS name under which sandboxes reach the gateways'),
  MCPHUB_CALL_HOME_PORT: port(8443, 'port that sandboxes call'),
  MCPHUB_PEERS_PORT: port(8444, 'port that the other gateways call'),
  MCPHUB_KUBECONFIG: name('kubeconfig file; default: the service account of the pod'),
  KUBERNETES_SERVICE_HOST: name('address of the API server; the cluster sets it'),
  KUBERNETES_SERVICE_PORT: name('port of the API server; the cluster sets it'),
} as const

type Raw = z.infer<z.ZodObject<typeof CLUSTER_FIELDS>>

export interface ClusterConfig {
  readonly podIp: string
  readonly podName: string
  readonly namespace: string
  readonly sandboxNamespace: string
  readonly peersService: string
  readonly internalName: string
  readonly callHomePort: number
  readonly peersPort: number
  readonly apiServer:
    | { readonly kubeconfig: string }
    | { readonly kubeconfig: null; readonly host: string; readonly port: string }
}

const NEEDED = [
  'MCPHUB_POD_IP',
  'MCPHUB_POD_NAME',
  'MCPHUB_NAMESPACE',
  'MCPHUB_SANDBOX_NAMESPACE',
  'MCPHUB_PEERS_SERVICE',
  'MCPHUB_INTERNAL_NAME',
] as const

/** null where something is wrong: `faults` names it and the fix. */
export function readCluster(raw: Raw, faults: FieldFault[]): ClusterConfig | null {
  const before = faults.length
  for (const field of NEEDED) {
    if (raw[field] === undefined) {
      const { description = '' } = CLUSTER_FIELDS[field].meta() ?? {}
      faults.push({ field, message: `is not set (${description}); the chart sets it` })
    }
  }
  if (raw.MCPHUB_POD_IP !== undefined && isIP(raw.MCPHUB_POD_IP) === 0)
    faults.push({ field: 'MCPHUB_POD_IP', message: 'is no IP address; take it from the field status.podIP' })
  const apiServer = readApiServer(raw, faults)
  if (faults.length > before || apiServer === null) return null
  return {
    podIp: raw.MCPHUB_POD_IP!,
    podName: raw.MCPHUB_POD_NAME!,
    namespace: raw.MCPHUB_NAMESPACE!,
    sandboxNamespace: raw.MCPHUB_SANDBOX_NAMESPACE!,
    peersService: raw.MCPHUB_PEERS_SERVICE!,
    internalName: raw.MCPHUB_INTERNAL_NAME!,
    callHomePort: raw.MCPHUB_CALL_HOME_PORT,
    peersPort: raw.MCPHUB_PEERS_PORT,
    apiServer,
  }
}

function readApiServer(raw: Raw, faults: FieldFault[]): ClusterConfig['apiServer'] | null {
  if (raw.MCPHUB_KUBECONFIG !== undefined) return { kubeconfig: raw.MCPHUB_KUBECONFIG }
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: apiPort } = raw
  if (host !== undefined && apiPort !== undefined) return { kubeconfig: null, host, port: apiPort }
  faults.push({
    field: 'KUBERNETES_SERVICE_HOST',
    message:
      'is not set: this is no pod of a cluster. Name a kubeconfig in MCPHUB_KUBECONFIG, or use MCPHUB_MODE=local',
  })
  return null
}

/** The ring of a cluster is a mounted Secret: it is never made here, or each replica would make its own. */
export function checkRingFile(file: string | undefined, faults: FieldFault[]): void {
  const field = 'MCPHUB_KEYRING_FILE'
  if (file === undefined) {
    faults.push({ field, message: 'is not set: mount the Secret that holds the key ring and name its file' })
    return
  }
  try {
    readFileSync(file)
  } catch {
    const fix = 'mount the Secret that holds the key ring there (defaultMode 0440, fsGroup of the gateway)'
    faults.push({ field, message: `cannot be read; ${fix}` })
  }
}
