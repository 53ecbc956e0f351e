// Makes the policies as they are wanted. What was applied and is not in the cache yet is waited for, not applied again.
import { Expectations, keyOf, mapToOwner } from '@mcphub/kube'
import type { Change, KubeClient, ReadStore } from '@mcphub/kube'
import { NETWORK_POLICIES, type PolicyObject } from '../resources.ts'
import type { NetworkPolicy } from './network-policy.ts'
import { isInPlace } from './policy-ready.ts'

const MANAGER = 'mcphub-operator'
/** How long the cache may take to show what was applied. */
export const POLICY_LAG_MS = 5000

export class PolicyKeeper {
  readonly #client: KubeClient
  readonly #policies: ReadStore<PolicyObject>
  readonly #expectations = new Expectations({ expiryMs: POLICY_LAG_MS })

  constructor(client: KubeClient, policies: ReadStore<PolicyObject>) {
    this.#client = client
    this.#policies = policies
  }

  /** Whatever the watch tells of a policy, the cache is no longer behind what was applied. */
  observe({ key }: Change<PolicyObject>): void {
    this.#expectations.creationObserved(key, key)
  }

  /** Applies what is not in place, in order. @throws KubeError */
  async keep(wanted: readonly NetworkPolicy[], signal: AbortSignal): Promise<void> {
    for (const policy of wanted) {
      const key = keyOf(policy)
      if (isInPlace(this.#policies.get(key), policy) || !this.#expectations.areMet(key)) continue
      await this.#apply(key, policy, signal)
    }
  }

  async #apply(key: string, policy: NetworkPolicy, signal: AbortSignal): Promise<void> {
    this.#expectations.expectCreation(key, key)
    try {
      await this.#client.apply(NETWORK_POLICIES, { ...policy }, { fieldManager: MANAGER, force: true, signal })
    } catch (error) {
      this.#expectations.creationObserved(key, key)
      throw error
    }
  }
}

/** The server whose policy changed; of the one that denies everything, all servers. */
export function mapToServers(servers: () => Iterable<string>): (change: Change<PolicyObject>) => readonly string[] {
  const ofOwner = mapToOwner<PolicyObject>('McpServer')
  return (change) => {
    const owners = ofOwner(change)
    return owners.length > 0 ? owners : [...servers()]
  }
}
