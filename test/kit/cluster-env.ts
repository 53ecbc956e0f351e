// What a gateway in MCPHUB_MODE=kubernetes is given where there is no cluster: a kubeconfig, a key ring, an environment, ports of its own.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'

export interface ClusterFiles {
  readonly kubeconfig: string
  readonly ring: string
}

export interface ClusterEnvOptions extends ClusterFiles {
  /** of the gateway, as its pod's */
  readonly address: string
  /** of the sandboxes */
  readonly namespace: string
  /** on the certificate that sandboxes are shown */
  readonly internalName: string
  readonly peersPort: number
  readonly callHomePort: number
}

export function writeClusterFiles(folder: string, server: string): ClusterFiles {
  const kubeconfig = join(folder, 'kubeconfig')
  const config = {
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'hub' } }],
    clusters: [{ name: 'test', cluster: { server } }],
    users: [{ name: 'test', user: { token: 'none' } }],
  }
  writeFileSync(kubeconfig, JSON.stringify(config))
  const ring = join(folder, 'keyring.json')
  writeFileSync(ring, JSON.stringify([{ id: 'first', key: randomBytes(32).toString('base64') }]), { mode: 0o440 })
  return { kubeconfig, ring }
}

export const buildClusterEnv = (options: ClusterEnvOptions): Record<string, string> => ({
  MCPHUB_MODE: 'kubernetes',
  MCPHUB_KUBECONFIG: options.kubeconfig,
  MCPHUB_KEYRING_FILE: options.ring,
  MCPHUB_POD_IP: options.address,
  MCPHUB_POD_NAME: `gateway-${options.address}`,
  MCPHUB_NAMESPACE: 'hub',
  MCPHUB_SANDBOX_NAMESPACE: options.namespace,
  // names the first of several; another one introduces itself
  MCPHUB_PEERS_SERVICE: 'localhost',
  MCPHUB_INTERNAL_NAME: options.internalName,
  MCPHUB_PEERS_PORT: String(options.peersPort),
  MCPHUB_CALL_HOME_PORT: String(options.callHomePort),
  MCPHUB_METRICS_PORT: '0',
})

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
