// The controller of McpServers: its policies first, then its warm pool, then what its status says. A reconcile reads the caches, decides by
// pure functions, and does nothing the second time.
import { Controller, StatusWriter, keyOf, mapToItself } from '@mcphub/kube'
import type { Change, Request, Requeue } from '@mcphub/kube'
import type { ControllerDeps } from '../controllers.ts'
import { CountPace } from '../count-pace.ts'
import { PolicyKeeper, POLICY_LAG_MS, mapToServers } from '../policies/keep-policies.ts'
import { findPolicyFault } from '../policies/policy-ready.ts'
import { MCP_SERVERS, type PodObject, type ServerObject } from '../resources.ts'
import { SandboxCounts, mapToCountedServers } from '../sandbox-counts.ts'
import { TransitionTeller } from '../transitions.ts'
import { BY, storesOf } from '../world.ts'
import { planServer, type PoolWish, type ServerPlan } from './desired.ts'
import { PoolKeeper, type PoolView } from './pool/keep-pool.ts'
import { mapToPool, poolPodsOf } from './pool/pool-pods.ts'
import { COUNTS, buildServerStatus } from './status.ts'

export type ServerControllerDeps = Pick<
  ControllerDeps,
  'client' | 'world' | 'pods' | 'events' | 'now' | 'metrics' | 'onError'
> & {
  /** for tests: shorter times */
  readonly pace?: CountPace
  readonly statusDelayMs?: number
}

export function createServerController(deps: ServerControllerDeps): Controller {
  const { client, world, pods: settings, events, now, metrics, onError } = deps
  const stores = storesOf(world)
  const counts = new SandboxCounts()
  const policies = new PolicyKeeper(client, stores.policies)
  const pool = new PoolKeeper(client)
  const pace = deps.pace ?? new CountPace()
  const teller = new TransitionTeller(events, MCP_SERVERS)
  const plans = new WeakMap<ServerObject, ServerPlan>()

  async function reconcile({ key }: Request, signal: AbortSignal): Promise<Requeue | void> {
    const server = stores.servers.get(key)
    if (!server) return forget(key)
    // what it owns goes with it, by the cluster's own garbage collection
    if (server.metadata.deletionTimestamp !== undefined) return
    teller.tell(server)
    const plan = planOf(server)
    const wanted = plan.sandboxed?.policies ?? []
    await policies.keep(wanted, signal)
    const policyFault = findPolicyFault(stores.policies, wanted)
    const view = plan.sandboxed ? await keepPool(server, plan.sandboxed.pool, policyFault, signal) : null
    const facts = { server, plan, policyFault, pool: view, counts: counts.ofServer(server.metadata.name), now: now() }
    const countsDueMs = say(server, buildServerStatus(facts))
    return soonest(countsDueMs, view?.lookAgainMs ?? null, policyFault === null ? null : POLICY_LAG_MS)
  }

  /** Made once for each version of a server: its counts bring it back far more often than it changes. */
  function planOf(server: ServerObject): ServerPlan {
    const plan = plans.get(server) ?? planServer(server, settings)
    plans.set(server, plan)
    return plan
  }

  function keepPool(
    server: ServerObject,
    wish: PoolWish,
    policyFault: string | null,
    signal: AbortSignal,
  ): Promise<PoolView> {
    const pods = poolPodsOf(server, stores.pods.byIndex(BY.pool, server.metadata.name))
    return pool.keep({ server, wish, pods, closed: policyFault !== null, now: now() }, signal)
  }

  /** @returns when numbers that wait are due, in ms */
  function say(server: ServerObject, after: NonNullable<ServerObject['status']>): number | null {
    const before = server.status
    const { status, waitMs } = pace.pace(keyOf(server), { before, after }, COUNTS)
    if (status) writer.write(server, status)
    return waitMs
  }

  function forget(key: string): void {
    pool.forget(key)
    pace.forget(key)
    teller.forget(key)
  }

  const controller = new Controller({ name: 'mcp-server', reconcile, metrics, onError })
  const writer = new StatusWriter({
    client,
    resource: MCP_SERVERS,
    onRetry: (key) => controller.enqueue(key, 'child'),
    ...(deps.statusDelayMs === undefined ? {} : { delayMs: deps.statusDelayMs }),
  })

  // what the reconciles ask is told first
  world.sandboxes.subscribe((change) => counts.observe(change))
  world.policies.subscribe((change) => policies.observe(change))
  world.pods.subscribe((change: Change<PodObject>) => pool.observe(change))
  controller.watch(world.servers, mapToItself, 'spec')
  controller.watch(world.pods, mapToPool, 'child')
  controller.watch(
    world.policies,
    mapToServers(() => [...stores.servers.list()].map(keyOf)),
    'child',
  )
  controller.watch(world.sandboxes, mapToCountedServers, 'resync')
  return controller
}

function soonest(...waits: readonly (number | null)[]): Requeue | void {
  const given = waits.filter((wait) => wait !== null)
  if (given.length > 0) return { requeueAfterMs: Math.min(...given) }
}
