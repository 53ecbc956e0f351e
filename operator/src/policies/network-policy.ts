// NetworkPolicy (networking.k8s.io/v1), as much of it as is written here.
import type { ObjectMeta } from '@mcphub/kube'

type Labels = Readonly<Record<string, string>>

export interface PolicyPeer {
  readonly namespaceSelector?: { readonly matchLabels: Labels }
  readonly podSelector?: { readonly matchLabels: Labels }
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] }
}

export interface PolicyPort {
  readonly protocol: 'TCP' | 'UDP'
  readonly port: number
}

export interface PolicySpec {
  /** no labels: every pod of the namespace */
  readonly podSelector: { readonly matchLabels?: Labels }
  readonly policyTypes: readonly ('Ingress' | 'Egress')[]
  readonly ingress?: readonly { readonly from: readonly PolicyPeer[]; readonly ports?: readonly PolicyPort[] }[]
  readonly egress?: readonly { readonly to: readonly PolicyPeer[]; readonly ports?: readonly PolicyPort[] }[]
}

/** As it is wanted. */
export interface NetworkPolicy {
  readonly metadata: ObjectMeta
  readonly spec: PolicySpec
}
