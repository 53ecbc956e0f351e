// The controller of UserGroups: it makes nothing, it says what a group comes to. Limits take effect where sandboxes are reconciled.
import { Controller, StatusWriter, itemOf, keyOf, mapToItself } from '@mcphub/kube'
import type { Change, Request, Requeue } from '@mcphub/kube'
import type { ControllerDeps } from '../controllers.ts'
import { CountPace } from '../count-pace.ts'
import { USER_GROUPS, type GroupObject, type ServerObject } from '../resources.ts'
import { SandboxCounts, mapToCountedGroups } from '../sandbox-counts.ts'
import { TransitionTeller } from '../transitions.ts'
import { storesOf } from '../world.ts'
import { COUNTS, buildGroupStatus } from './status.ts'

export type GroupControllerDeps = Pick<
  ControllerDeps,
  'client' | 'world' | 'events' | 'now' | 'metrics' | 'onError'
> & {
  /** for tests: shorter times */
  readonly pace?: CountPace
  readonly statusDelayMs?: number
}

export function createGroupController(deps: GroupControllerDeps): Controller {
  const { client, world, events, now, metrics, onError } = deps
  const stores = storesOf(world)
  const counts = new SandboxCounts()
  const pace = deps.pace ?? new CountPace()
  const teller = new TransitionTeller(events, USER_GROUPS)

  async function reconcile({ key }: Request): Promise<Requeue | void> {
    const group = stores.groups.get(key)
    if (!group) {
      pace.forget(key)
      return teller.forget(key)
    }
    teller.tell(group)
    const servers = new Map([...stores.servers.list()].map((server) => [server.metadata.name, server]))
    const after = buildGroupStatus({ group, servers, counts: counts.ofGroup(group.metadata.name), now: now() })
    const before = group.status
    const { status, waitMs } = pace.pace(keyOf(group), { before, after }, COUNTS)
    if (status) writer.write(group, status)
    if (waitMs !== null) return { requeueAfterMs: waitMs }
  }

  const controller = new Controller({ name: 'user-group', reconcile, metrics, onError })
  const writer = new StatusWriter({
    client,
    resource: USER_GROUPS,
    onRetry: (key) => controller.enqueue(key, 'child'),
    ...(deps.statusDelayMs === undefined ? {} : { delayMs: deps.statusDelayMs }),
  })

  // what the reconciles ask is told first
  world.sandboxes.subscribe((change) => counts.observe(change))
  controller.watch(world.groups, mapToItself, 'spec')
  controller.watch(world.servers, (change) => listConcerned(change, stores.groups.list()), 'resync')
  controller.watch(world.sandboxes, mapToCountedGroups, 'resync')
  return controller
}

/** Groups that a server's coming, going or new labels may concern. */
export function listConcerned(change: Change<ServerObject>, groups: Iterable<GroupObject>): readonly string[] {
  const { labels, name } = itemOf(change).metadata
  if (change.type === 'updated' && JSON.stringify(labels) === JSON.stringify(change.before.metadata.labels)) return []
  return [...groups].filter(({ spec }) => spec.serverSelector ?? spec.servers?.includes(name)).map(keyOf)
}
