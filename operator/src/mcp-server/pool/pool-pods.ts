// Which pods are a server's pool: those of its label that it owns itself. One that was taken is its sandbox's, and never comes back.
import { LABELS } from '@mcphub/api'
import type { Change } from '@mcphub/kube'
import type { PodObject, ServerObject } from '../../resources.ts'

export function poolPodsOf({ metadata }: ServerObject, labelled: readonly PodObject[]): readonly PodObject[] {
  return labelled.filter((pod) =>
    pod.metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === metadata.uid),
  )
}

/** The server whose pool a pod is or was in. */
export function mapToPool(change: Change<PodObject>): readonly string[] {
  const pods = [
    ...(change.type === 'added' ? [] : [change.before]),
    ...(change.type === 'deleted' ? [] : [change.item]),
  ]
  const keys = pods.flatMap(({ metadata: { namespace, labels } }) => {
    const name = labels?.[LABELS.pool]
    return name === undefined ? [] : [`${namespace}/${name}`]
  })
  return [...new Set(keys)]
}
