// Whether an operator leads, from its Lease: the gateway may read that one object of it, and nothing else.
import { LEASES, isReason, type KubeClient } from '@mcphub/kube'
import type { OperatorState } from './system-service.ts'

export interface OperatorLeaseDeps {
  readonly client: Pick<KubeClient, 'get'>
  /** of the hub */
  readonly namespace: string
  /** ms since the epoch, by the API server's clock */
  readonly now: () => number
}

/** As operator/src names it. */
const LEASE = 'mcphub-operator'
const ASK_MS = 3_000

interface LeaseSpec {
  readonly holderIdentity?: string | null
  readonly renewTime?: string | null
  readonly leaseDurationSeconds?: number
}

/** Null: it cannot be seen from here (a Role of one's own making, an API server that is away). */
export async function readOperatorLease({ client, namespace, now }: OperatorLeaseDeps): Promise<OperatorState | null> {
  try {
    const lease = await client.get(LEASES, { namespace, name: LEASE }, AbortSignal.timeout(ASK_MS))
    const { holderIdentity, renewTime, leaseDurationSeconds = 0 } = (lease['spec'] ?? {}) as LeaseSpec
    const renewedAt = renewTime ? new Date(renewTime) : null
    const isLive =
      Boolean(holderIdentity) && renewedAt !== null && renewedAt.getTime() + leaseDurationSeconds * 1000 > now()
    return { holder: holderIdentity || null, renewedAt, isLive }
  } catch (error) {
    return isReason(error, 'NotFound') ? { holder: null, renewedAt: null, isLive: false } : null
  }
}
