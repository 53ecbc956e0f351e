// Gives every waiting claim a folder of the machine, since our own cluster has no storage of its own: both nodes see the same folders.
import { chmod, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Cluster } from '../cluster/cluster.ts'
import { STATE } from '../cluster/settings.ts'

const FOLDER = join(STATE, 'volumes')
const LABEL = 'mcphub.io/e2e-volume'

interface Claim {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string }
  readonly spec: {
    readonly accessModes: readonly string[]
    readonly resources: { readonly requests: { readonly storage: string } }
    readonly volumeName?: string
    readonly storageClassName?: string
  }
}
interface Volume {
  readonly metadata: { readonly name: string }
  readonly status?: { readonly phase?: string }
}

const folderOf = (volume: string): string => join(FOLDER, volume)
const volumeOf = ({ metadata }: Claim): string => `e2e-${metadata.uid}`

const buildVolume = (claim: Claim): object => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: volumeOf(claim), labels: { [LABEL]: 'true' } },
  spec: {
    accessModes: claim.spec.accessModes,
    capacity: { storage: claim.spec.resources.requests.storage },
    persistentVolumeReclaimPolicy: 'Retain',
    hostPath: { path: folderOf(volumeOf(claim)), type: 'Directory' },
    claimRef: { namespace: claim.metadata.namespace, name: claim.metadata.name, uid: claim.metadata.uid },
    ...(claim.spec.storageClassName && { storageClassName: claim.spec.storageClassName }),
  },
})

async function serveClaims(cluster: Cluster): Promise<void> {
  const read = async <T>(...args: string[]): Promise<T[]> =>
    (JSON.parse(await cluster.kubectl(['get', ...args, '-o', 'json'])) as { items: T[] }).items
  for (const claim of await read<Claim>('pvc', '-A')) {
    if (claim.spec.volumeName) continue
    const folder = folderOf(volumeOf(claim))
    await mkdir(folder, { recursive: true })
    // a folder of the node has no fsGroup: whoever the pod runs as must be able to write
    await chmod(folder, 0o777)
    await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(buildVolume(claim)) })
  }
  for (const { metadata, status } of await read<Volume>('pv', '-l', LABEL)) {
    if (status?.phase !== 'Released') continue
    await cluster.kubectl(['delete', 'pv', metadata.name, '--wait=false'])
    await rm(folderOf(metadata.name), { recursive: true, force: true })
  }
}

/** Ends with the function it returns. While the API server is away it tries on: a story stops that one. */
export function startProvisioner(cluster: Cluster): () => Promise<void> {
  const ending = new AbortController()
  const work = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      await serveClaims(cluster).catch(() => {})
      await wait(500, undefined, { signal: ending.signal }).catch(() => {})
    }
  }
  const ended = work()
  return async () => {
    ending.abort()
    await ended
  }
}
