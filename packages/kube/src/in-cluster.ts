// Credentials of a pod: the projected token, the CA and the namespace the kubelet mounts.
import { join } from 'node:path'
import { PLAIN_TLS, WatchedFile, type Credentials, type Identity, type TlsMaterial } from './credentials.ts'

const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

export interface InClusterOptions {
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT: the caller reads its environment */
  readonly host: string
  readonly port: string
  readonly mount?: string
  /** how long a file's text may be used without looking again, in ms; default 10 s */
  readonly checkEveryMs?: number
}

/** @throws when the files are not there: the pod has no service account mounted */
export async function readInCluster(options: InClusterOptions): Promise<Credentials> {
  const mount = options.mount ?? MOUNT
  const file = (name: string): WatchedFile => new WatchedFile(join(mount, name), options.checkEveryMs)
  const token = file('token')
  const ca = file('ca.crt')
  const namespace = (await file('namespace').read()).trim()
  let tls: TlsMaterial = { ...PLAIN_TLS, ca: await ca.read() }

  async function read({ fresh = false } = {}): Promise<Identity> {
    const text = await ca.read(fresh)
    if (text !== tls.ca) tls = { ...tls, ca: text }
    return { token: (await token.read(fresh)).trim(), tls }
  }
  await read()
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { server: `https://${host}:${options.port}`, namespace, read }
}
