// REST: how the hub is as a whole.
import type { Handlers } from '../../platform/route.ts'
import type { SystemService } from './system-service.ts'

export interface SystemRouterDeps {
  readonly system: Pick<SystemService, 'describe'>
}

export function createSystemRouter({ system }: SystemRouterDeps): Handlers<'getSystem'> {
  return { getSystem: () => system.describe() }
}
