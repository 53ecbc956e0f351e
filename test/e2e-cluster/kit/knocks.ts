// What a program in a pod reaches: it tries each address itself.
import { expect } from 'vitest'
import { DNS_IP } from '../../cluster/settings.ts'
import { HUB, SANDBOXES } from '../settings.ts'
import { cluster, gatewayPods, kubectl, list, operatorPods, read } from './kube.ts'
import type { Session } from './sessions.ts'

export interface Target {
  readonly what: string
  readonly host: string
  readonly port: number
}

export const SHIM_PORT = 8477
export const CALL_HOME_PORT = 8443

/** 'open', or the system's code, or 'silence': what is forbidden is dropped. */
export const knock = (from: Session, { host, port }: Omit<Target, 'what'>): Promise<string> =>
  from.call('knock', { host, port })

/** What came of each, all at once: what is dropped is waited for. */
type Knocks = (targets: readonly Target[]) => Promise<string[]>

const knocksOf =
  (from: Session): Knocks =>
  (targets) =>
    Promise.all(targets.map((target) => knock(from, target)))

async function find(knocks: Knocks, targets: readonly Target[], words: readonly string[]): Promise<string[]> {
  const said = await knocks(targets)
  return targets.flatMap(({ what, port }, at) => (words.includes(said[at]!) ? [`${what}, port ${port}`] : []))
}

export const findOpen = (from: Session, targets: readonly Target[]): Promise<string[]> =>
  find(knocksOf(from), targets, ['open'])

/** Where nobody listens, the host that was reached refuses. Not all networks drop what they forbid: some refuse it in the host's place. */
const REACHED = cluster.own ? ['open', 'ECONNREFUSED'] : ['open']

export async function expectShut(from: Session, targets: readonly Target[]): Promise<void> {
  expect(targets.length).toBeGreaterThan(0)
  expect(await find(knocksOf(from), targets, REACHED)).toEqual([])
}

const KNOCK = `
const knock = ({ host, port }) => new Promise((resolve) => {
  require('node:net').connect(port, host, () => resolve('open')).on('error', ({ code }) => resolve(code))
  setTimeout(resolve, 1500, 'silence')
})
Promise.all(JSON.parse(process.argv[1]).map(knock)).then((said) => console.log(JSON.stringify(said))).then(() => process.exit())`

/** The control: what is shut for a sandbox is reached by a pod without a policy. */
export async function expectReached(pod: string, namespace: string, targets: readonly Target[]): Promise<void> {
  const knocks: Knocks = async () =>
    JSON.parse(
      await kubectl('-n', namespace, 'exec', pod, '--', 'node', '-e', KNOCK, JSON.stringify(targets)),
    ) as string[]
  expect(await find(knocks, targets, REACHED)).toEqual(targets.map(({ what, port }) => `${what}, port ${port}`))
}

export const addressOf = async (pod: string, namespace = SANDBOXES): Promise<string> =>
  (await read(namespace, 'pod', pod)).status?.podIP ?? ''

const portsOf = (what: string, host: string, ...ports: number[]): Target[] =>
  ports.map((port) => ({ what, host, port }))

/** Another person's pod: the shim's port, and others a server may have opened. */
export const ofPod = async (pod: string): Promise<Target[]> =>
  portsOf(`pod ${pod}`, await addressOf(pod), SHIM_PORT, 22, 80, 8443, 9090)

/** Every port of the hub's pods and Services but the one for call-home. */
export async function ofHub(): Promise<Target[]> {
  const gateways = (await gatewayPods()).flatMap(({ metadata, status }) =>
    portsOf(metadata.name, status?.podIP ?? '', 3000, 9090, 8444),
  )
  const operators = (await operatorPods()).flatMap(({ metadata, status }) =>
    portsOf(metadata.name, status?.podIP ?? '', 8080, 8081),
  )
  const databases = (await list(HUB, 'pods', 'app.kubernetes.io/component=database')).flatMap(({ metadata, status }) =>
    portsOf(metadata.name, status?.podIP ?? '', 5432),
  )
  const services = (await list(HUB, 'services')).flatMap(({ metadata, spec }) => {
    const ports = (spec['ports'] as { port: number }[]).map(({ port }) => port)
    const host = String(spec['clusterIP'])
    return host === 'None'
      ? []
      : portsOf(`Service ${metadata.name}`, host, ...ports.filter((port) => port !== CALL_HOME_PORT))
  })
  return [...gateways, ...operators, ...databases, ...services]
}

interface Slice {
  readonly endpoints: readonly { readonly addresses: readonly string[] }[]
  readonly ports: readonly { readonly port: number }[]
}

/** Behind its Service, and where it really is. */
export async function ofApiServer(): Promise<Target[]> {
  const { spec } = await read('default', 'service', 'kubernetes')
  const slices = await list('default', 'endpointslices', 'kubernetes.io/service-name=kubernetes')
  const real = (slices as unknown as Slice[]).flatMap(({ endpoints, ports }) =>
    endpoints.flatMap(({ addresses }) =>
      addresses.flatMap((host) => portsOf('API server itself', host, ...ports.map(({ port }) => port))),
    ),
  )
  return [...portsOf('API server', String(spec['clusterIP']), 443), ...real]
}

/** kubelet, its port for reading alone, kube-proxy's health, the API server, etcd; some of them listen on loopback alone, or not at all. */
export const ofNode = (node: string): Target[] => portsOf('node', node, 10_250, 10_255, 10_256, 6443, 2379)

/** The cluster's resolver. */
export const DNS: Target = { what: 'resolver', host: DNS_IP, port: 53 }
