// The conditions of a McpServer: each is made here and nowhere else. Pure.
import { findCondition, type Condition, type NewCondition } from '@mcphub/kube'
import type { ServerObject } from '../resources.ts'
import type { Verdict } from './checks.ts'
import type { ServerPlan } from './desired.ts'
import { judgePool } from './pool/pool-condition.ts'
import type { PoolView } from './pool/keep-pool.ts'

export interface ServerFacts {
  readonly server: ServerObject
  readonly plan: ServerPlan
  /** why no pod of it may be made yet; null for one without pods, too */
  readonly policyFault: string | null
  /** null for a server without pods */
  readonly pool: PoolView | null
}

type Said = Pick<NewCondition, 'status' | 'reason' | 'message'>

export function buildConditions(facts: ServerFacts): NewCondition[] {
  const { server, plan, pool } = facts
  const { sandboxed } = plan
  const parts: [type: string, said: Said][] = [['Accepted', saidOf(plan.accepted)]]
  if (sandboxed && pool) {
    parts.push(
      ['NetworkPolicyReady', judgePolicies(facts.policyFault)],
      ['WarmPoolReady', judgeOwnPool(facts, pool)],
      ['ImageAllowed', saidOf(sandboxed.image)],
    )
  }
  return [['Ready', judgeReady(server, parts)] as const, ...parts].map(([type, said]) => ({
    type,
    ...said,
    ...(server.metadata.generation === undefined ? {} : { observedGeneration: server.metadata.generation }),
  }))
}

/** A pool that is not full keeps nobody from using the server. */
function judgeReady({ spec }: ServerObject, parts: readonly (readonly [type: string, said: Said])[]): Said {
  const missing = parts.find(([type, { status }]) => type !== 'WarmPoolReady' && status !== 'True')
  if (missing) return { ...missing[1], status: 'False' }
  if (!spec.enabled) return { status: 'False', reason: 'Disabled', message: 'spec.enabled is false: nobody can use it' }
  return { status: 'True', reason: 'Ready', message: 'those who may use it can' }
}

const saidOf = ({ holds, reason, message }: Verdict): Said => ({ status: holds ? 'True' : 'False', reason, message })

function judgePolicies(fault: string | null): Said {
  if (fault !== null) return { status: 'False', reason: 'PolicyMissing', message: `no pod is made yet: ${fault}` }
  return {
    status: 'True',
    reason: 'InPlace',
    message: "its NetworkPolicies are there; that they are enforced is the matter of the cluster's network plugin",
  }
}

function judgeOwnPool({ server, plan, policyFault }: ServerFacts, view: PoolView): Said {
  const { replicas, templateHash } = plan.sandboxed!.pool
  const before = findCondition((server.status?.conditions ?? []) as readonly Condition[], 'WarmPoolReady')
  const wasReady =
    before?.status === 'True' &&
    before.observedGeneration === server.metadata.generation &&
    server.status?.templateHash === templateHash
  return judgePool({ wanted: replicas, view, closed: policyFault, wasReady })
}
