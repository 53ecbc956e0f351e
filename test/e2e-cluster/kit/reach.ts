// A pod's port as the stories reach it: by the pod's address within our own cluster's network, by port-forward into a cluster of yours.
import type { Forward } from '../forward.ts'
import { forwardPod } from '../forward.ts'
import type { Thing } from './kube.ts'
import { cluster } from './kube.ts'

const forwards = new Map<string, Promise<Forward>>()

/** `host:port` */
export async function reachPod({ metadata, status }: Thing, port: number): Promise<string> {
  if (cluster.own) return `${status?.podIP ?? ''}:${port}`
  const key = `${metadata.uid} ${port}`
  const known = await forwards.get(key)?.catch(() => null)
  if (known?.isOpen()) return `127.0.0.1:${known.port}`
  const opening = forwardPod(cluster, { namespace: metadata.namespace, pod: metadata.name, port })
  forwards.set(key, opening)
  return `127.0.0.1:${(await opening).port}`
}
