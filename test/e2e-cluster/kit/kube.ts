// kubectl for the stories: objects in, objects out, and waits for what they must come to.
import { openCluster } from '../../cluster/cluster.ts'
import { waitUntil } from '../../cluster/commands.ts'
import { HUB, SANDBOXES } from '../settings.ts'

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}
export interface Thing {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly creationTimestamp: string
    readonly deletionTimestamp?: string
    readonly resourceVersion: string
    readonly labels?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly { readonly kind: string; readonly uid: string }[]
  }
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly conditions?: readonly Condition[]
    readonly [more: string]: unknown
  }
}

/** The cluster the runner brought up: found, never started here. */
export const cluster = await openCluster()

export const kubectl = (...args: string[]): Promise<string> => cluster.kubectl(args)
export const inSandboxes = (...args: string[]): Promise<string> => kubectl('-n', SANDBOXES, ...args)
export const inHub = (...args: string[]): Promise<string> => kubectl('-n', HUB, ...args)

export const list = async (namespace: string, kind: string, selector = ''): Promise<Thing[]> => {
  const chosen = selector ? ['-l', selector] : []
  return (JSON.parse(await kubectl('-n', namespace, 'get', kind, ...chosen, '-o', 'json')) as { items: Thing[] }).items
}
export const read = async (namespace: string, kind: string, name: string): Promise<Thing> =>
  JSON.parse(await kubectl('-n', namespace, 'get', kind, name, '-o', 'json')) as Thing

/** Into the sandboxes namespace, where all custom resources live. */
export async function apply(...objects: object[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  await cluster.kubectl(['-n', SANDBOXES, 'apply', '-f', '-'], { input })
}
export const remove = (kind: string, ...names: string[]): Promise<string> =>
  inSandboxes('delete', kind, ...names, '--ignore-not-found', '--wait=false')

export const isGoing = ({ metadata }: Thing): boolean => metadata.deletionTimestamp !== undefined
export const conditionOf = (thing: Thing, type: string): Condition | undefined =>
  thing.status?.conditions?.find((one) => one.type === type)

/** Pods of people (and starts for discovery) that run this server, pool pods left out; those that are going too. */
export const podsOf = (server: string): Promise<Thing[]> =>
  list(SANDBOXES, 'pods', `mcphub.io/server=${server},mcphub.io/sandbox`)
export const poolOf = (server: string): Promise<Thing[]> => list(SANDBOXES, 'pods', `mcphub.io/pool=${server}`)
export const sandboxesOf = (server: string): Promise<Thing[]> =>
  list(SANDBOXES, 'mcpsandboxes', `mcphub.io/server=${server}`)

export const gatewayPods = async (): Promise<Thing[]> =>
  (await list(HUB, 'pods', 'app.kubernetes.io/component=gateway')).filter((pod) => !isGoing(pod))
export const operatorPods = async (): Promise<Thing[]> =>
  (await list(HUB, 'pods', 'app.kubernetes.io/component=operator')).filter((pod) => !isGoing(pod))

/** The operator that leads now, as the lease names it; empty when none does. */
export const readLeader = async (): Promise<string> => {
  const [lease] = await list(HUB, 'leases')
  const holder = lease?.spec['holderIdentity']
  return typeof holder === 'string' ? holder : ''
}

export const waitForNone = (what: string, pods: () => Promise<Thing[]>, timeoutMs = 60_000): Promise<void> =>
  waitUntil(
    `${what}: none is left`,
    async () => {
      const left = (await pods()).map((pod) => `${pod.metadata.name}${isGoing(pod) ? ', going' : ''}`)
      if (left.length > 0) throw new Error(left.join('; '))
    },
    timeoutMs,
  )

/** Nothing of the server runs, as before anybody called: a changed lease would not do, since the gateways extend it again for who called lately. */
export async function stopAll(server: string): Promise<void> {
  const names = (await sandboxesOf(server)).map(({ metadata }) => metadata.name)
  if (names.length > 0) await inSandboxes('delete', 'mcpsandbox', ...names, '--ignore-not-found')
  await waitForNone(`pods of ${server}`, () => podsOf(server))
}
