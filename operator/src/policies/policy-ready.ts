// No pod is ever made before its server's policies stand as they are wanted (BOX-5). Whoever makes or claims a pod asks here first, of the
// cache: it may be behind, and then says too early that a policy is missing, never that one is there which was not made yet.
import { isDeepStrictEqual } from 'node:util'
import { keyOf, type ReadStore } from '@mcphub/kube'
import type { PolicyObject, ServerObject } from '../resources.ts'
import { buildPolicies, policyServerOf, type PolicySettings } from './build-policies.ts'
import type { NetworkPolicy } from './network-policy.ts'

/** Why no pod may be made yet, for people; null when one may. */
export function findPolicyFault(policies: ReadStore<PolicyObject>, wanted: readonly NetworkPolicy[]): string | null {
  const missing = wanted.find((policy) => !isInPlace(policies.get(keyOf(policy)), policy))
  return missing ? `the NetworkPolicy ${missing.metadata.name} is not in place yet` : null
}

/** Whether what stands there says and belongs to what is wanted, and is not on its way out. */
export function isInPlace(there: PolicyObject | undefined, wanted: NetworkPolicy): boolean {
  if (!there || there.metadata.deletionTimestamp !== undefined) return false
  const { labels = {}, ownerReferences = [] } = there.metadata
  return (
    isDeepStrictEqual(there.spec, wanted.spec) &&
    Object.entries(wanted.metadata.labels ?? {}).every(([name, value]) => labels[name] === value) &&
    (wanted.metadata.ownerReferences ?? []).every(({ uid }) => ownerReferences.some((owner) => owner.uid === uid))
  )
}

/** The same question by the server alone. What a server wants is made once for each version of it: every wake asks. */
export function createPolicyGate(
  policies: ReadStore<PolicyObject>,
  settings: PolicySettings,
): (server: ServerObject) => string | null {
  const wanted = new WeakMap<ServerObject, readonly NetworkPolicy[]>()
  return (server) => {
    const owned = policyServerOf(server)
    if (!owned) return null
    const known = wanted.get(server) ?? buildPolicies(owned, settings)
    wanted.set(server, known)
    return findPolicyFault(policies, known)
  }
}
