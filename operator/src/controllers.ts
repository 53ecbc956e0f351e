// All controllers of the operator, and what each of them is given. A controller is one folder; this list is the only place that knows them all.
import type { Controller, ControllerMetrics, ControllerOptions, EventRecorder, KubeClient } from '@mcphub/kube'
import { createSandboxController } from './mcp-sandbox/sandbox-controller.ts'
import { createServerController } from './mcp-server/server-controller.ts'
import type { OperatorMetrics } from './platform/metrics.ts'
import type { PodSettings } from './pods/settings.ts'
import { createGroupController } from './user-group/group-controller.ts'
import type { World } from './world.ts'

export interface ControllerDeps {
  readonly client: KubeClient
  readonly world: World
  readonly pods: PodSettings
  readonly sandboxesPerUser: number
  readonly sandboxTtlDays: number
  readonly events: EventRecorder
  readonly now: () => Date
  /** for how long the API server has answered without a break, in ms */
  readonly contactMs: () => number
  /** default: that of mcp-sandbox/activity.ts */
  readonly settlingMs?: number
  readonly metrics: ControllerMetrics & Pick<OperatorMetrics, 'observeStart'>
  readonly onError: NonNullable<ControllerOptions['onError']>
}

/** In the order in which they start. */
export function createControllers(deps: ControllerDeps): Controller[] {
  return [createServerController(deps), createSandboxController(deps), createGroupController(deps)]
}
