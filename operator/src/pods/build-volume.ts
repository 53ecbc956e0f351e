// The folder that is kept for a person (persistence: Retain): a volume claim of the sandbox's name, there as long as the sandbox is. Pure.
import { LABELS, commonLabels } from '@mcphub/api'
import type { KubeObject } from '@mcphub/kube'
import { ownerReference } from './owner.ts'
import type { PodSettings } from './settings.ts'

const SIZE = '1Gi'

export function buildVolume(
  { namespace, instance }: PodSettings,
  { name, uid, userRef }: { readonly name: string; readonly uid: string; readonly userRef: string | undefined },
  server: string,
): KubeObject {
  return {
    metadata: {
      namespace,
      name,
      labels: {
        ...commonLabels('sandbox', instance),
        [LABELS.server]: server,
        [LABELS.sandbox]: name,
        ...(userRef === undefined ? {} : { [LABELS.userHash]: userRef }),
      },
      ownerReferences: [ownerReference('McpSandbox', name, uid)],
    },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: SIZE } } },
  }
}
