// The whole status of a McpServer from what is known of it. Pure. What others write of it (tools) stays.
import { LABELS, type McpServerStatus } from '@mcphub/api'
import { setCondition, type Condition } from '@mcphub/kube'
import type { SandboxCount } from '../sandbox-counts.ts'
import { buildConditions, type ServerFacts } from './conditions.ts'

export interface StatusFacts extends ServerFacts {
  readonly counts: SandboxCount
  readonly now: Date
}

/** Numbers that change with every wake; all else changes with the server. */
export const COUNTS = ['sandboxes', 'warmPool'] as const

export function buildServerStatus(facts: StatusFacts): McpServerStatus {
  const { server, plan, pool, counts, now } = facts
  const known = server.status
  const conditions = buildConditions(facts).reduce<readonly Condition[]>(
    (all, condition) => setCondition(all, condition, now),
    (known?.conditions ?? []) as readonly Condition[],
  )
  return {
    ...(known?.tools ? { tools: known.tools } : {}),
    ...(server.metadata.generation === undefined ? {} : { observedGeneration: server.metadata.generation }),
    conditions: [...conditions] as McpServerStatus['conditions'],
    isolation: plan.isolation,
    ...(plan.sandboxed && pool
      ? {
          templateHash: plan.sandboxed.pool.templateHash,
          sandboxes: counts,
          warmPool: {
            replicas: pool.replicas,
            readyReplicas: pool.readyReplicas,
            selector: `${LABELS.pool}=${server.metadata.name}`,
          },
        }
      : {}),
  }
}
