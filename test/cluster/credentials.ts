// Who is who in the cluster: certificates by openssl, and a kubeconfig for each that calls the API server.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './commands.ts'
import { API_SERVICE_IP, API_URL, NODES, PKI, STATE } from './settings.ts'

/** Kubeconfig and certificate have the same name. */
const CLIENTS = [
  'admin',
  'controller-manager',
  'scheduler',
  'kube-proxy',
  'network-policies',
  ...NODES.map(({ name }) => `kubelet-${name}`),
]

const readBase64 = async (file: string): Promise<string> => (await readFile(join(PKI, file))).toString('base64')

/** JSON, which is YAML. */
async function writeKubeconfig(client: string): Promise<void> {
  const [ca, certificate, key] = await Promise.all(['ca.crt', `${client}.crt`, `${client}.key`].map(readBase64))
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'mcphub', cluster: { server: API_URL, 'certificate-authority-data': ca } }],
    users: [{ name: client, user: { 'client-certificate-data': certificate, 'client-key-data': key } }],
    contexts: [{ name: 'mcphub', context: { cluster: 'mcphub', user: client } }],
    'current-context': 'mcphub',
  }
  await writeFile(join(STATE, `${client}.kubeconfig`), JSON.stringify(config, null, 2), { mode: 0o600 })
}

export async function writeCredentials(): Promise<void> {
  const script = join(import.meta.dirname, 'certificates.sh')
  await run(['bash', script, PKI, API_SERVICE_IP, ...NODES.map(({ name, ip }) => `${name}=${ip}`)])
  await Promise.all(CLIENTS.map(writeKubeconfig))
}
