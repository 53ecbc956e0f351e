// Who owns what the operator makes: what is owned goes with its owner, by the cluster's own garbage collection.
import { API_VERSION } from '@mcphub/api'
import type { OwnerReference } from '@mcphub/kube'

export const ownerReference = (kind: 'McpServer' | 'McpSandbox', name: string, uid: string): OwnerReference => ({
  apiVersion: API_VERSION,
  kind,
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
})
