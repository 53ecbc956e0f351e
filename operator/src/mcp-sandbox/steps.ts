// What a plan is made of.
import type { McpSandboxStatus } from '@mcphub/api'
import type { KubeObject } from '@mcphub/kube'
import type { PodObject, SandboxObject } from '../resources.ts'
import { isSaid } from './status.ts'

export type Step =
  | { readonly do: 'write status'; readonly status: McpSandboxStatus }
  | { readonly do: 'create volume'; readonly volume: KubeObject }
  /** the status is complete once the new pod's UID is known */
  | { readonly do: 'create pod'; readonly pod: KubeObject; readonly status: McpSandboxStatus }
  | { readonly do: 'claim pod'; readonly pod: PodObject; readonly body: object }
  /** null: the pod's own grace, which lets calls in flight end */
  | { readonly do: 'delete pod'; readonly pod: PodObject; readonly graceSeconds: number | null }
  | { readonly do: 'delete sandbox'; readonly why: 'server gone' | 'forgotten' }

export interface Plan {
  /** in their order */
  readonly steps: readonly Step[]
  /** when to look again although nothing happened, in ms since 1970 */
  readonly againMs: number | null
  /** it waits for a policy, which the store may merely lack */
  readonly lacksPolicy?: true
}

export function soonest(...times: readonly (number | undefined)[]): number | null {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? null : Math.min(...known)
}

/** Nothing where it is said already. */
export const statusStep = (sandbox: SandboxObject, status: McpSandboxStatus): Step[] =>
  isSaid(sandbox.status, status) ? [] : [{ do: 'write status', status }]
