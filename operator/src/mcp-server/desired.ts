// What a server comes to: its policies, its pool, the hash of its pods, who shares a sandbox. Pure.
import { decideIsolation, effectiveLimits, type Isolation } from '@mcphub/api'
import { templateHash, type PodTemplate } from '../pods/build-pod.ts'
import type { PodSettings } from '../pods/settings.ts'
import { buildPolicies, policyServerOf } from '../policies/build-policies.ts'
import type { NetworkPolicy } from '../policies/network-policy.ts'
import type { ServerObject } from '../resources.ts'
import { checkAccepted, checkImage, findServerFault, type Verdict } from './checks.ts'

export interface PoolWish {
  /** pods that should wait; 0 where none may */
  readonly replicas: number
  readonly template: PodTemplate
  readonly templateHash: string
}

export interface ServerPlan {
  readonly isolation: Isolation
  readonly accepted: Verdict
  /** the rest is there for a stdio server alone: no other has pods */
  readonly sandboxed: {
    readonly image: Verdict
    readonly policies: readonly NetworkPolicy[]
    readonly pool: PoolWish
  } | null
}

export function planServer(server: ServerObject, settings: PodSettings): ServerPlan {
  const { spec } = server
  const plan = { isolation: decideIsolation(spec), accepted: checkAccepted(server, settings) }
  const owned = policyServerOf(server)
  if (!owned || !spec.stdio) return { ...plan, sandboxed: null }
  const template: PodTemplate = {
    server: { name: owned.name, stdio: spec.stdio },
    limits: effectiveLimits([]),
    settings,
  }
  const mayRun = spec.enabled && findServerFault(server, settings) === null
  return {
    ...plan,
    sandboxed: {
      image: checkImage(server, settings),
      policies: buildPolicies(owned, settings),
      pool: {
        replicas: mayRun ? spec.stdio.warmPool.replicas : 0,
        template,
        templateHash: templateHash(template),
      },
    },
  }
}
