// What the gateways do in this bench: sandboxes are made and woken, by the gateway's own account. And what is seen of them.
import { mcpServerSpec } from '@mcphub/api'
import { KubeClient, KubeHttp, Reflector, Store, readKubeconfig } from '@mcphub/kube'
import type { KubeObject, Resource, Stored } from '@mcphub/kube'
import { SANDBOXES, kubeconfigOf } from './settings.ts'
import { showProgress } from '../suite.ts'

const ours = (plural: string, kind: string): Resource => ({
  group: 'mcphub.io',
  version: 'v1alpha1',
  plural,
  kind,
  namespaced: true,
})
const MCP_SERVERS = ours('mcpservers', 'McpServer')
export const MCP_SANDBOXES = ours('mcpsandboxes', 'McpSandbox')
const SERVER = 'files'
const AT_ONCE = 32
const TOLD_EVERY_MS = 10_000

/** Sixteen in flight fill this API server. */
export async function openClient(
  kubeconfig: string,
  maxInFlight = 16,
): Promise<{ client: KubeClient; http: KubeHttp }> {
  const credentials = await readKubeconfig(kubeconfig)
  const http = new KubeHttp({ credentials, userAgent: 'mcphub-bench', maxInFlight })
  return { client: new KubeClient(http), http }
}

/** @returns its UID */
export async function createServer(client: KubeClient): Promise<string> {
  const image = `registry.example/files@sha256:${'a'.repeat(64)}`
  // with its defaults: an API server in memory fills in none
  const spec = mcpServerSpec.parse({ type: 'Stdio', stdio: { image, command: ['/server'] } })
  const { metadata } = await client.create(MCP_SERVERS, { metadata: { namespace: SANDBOXES, name: SERVER }, spec })
  return metadata.uid
}

/** As long and as different as the gateway's. */
const letters = (index: number, length: number): string =>
  Array.from({ length }, (_, at) => 'abcdefghijklmnopqrstuvwxyz234567'[(index * 7 + (index >> (at % 16)) + at) % 32])
    .join('')
    .slice(0, length - 6)
    .concat(
      index
        .toString(32)
        .padStart(6, 'a')
        .replaceAll('0', 'w')
        .replaceAll('1', 'x')
        .replaceAll('8', 'y')
        .replaceAll('9', 'z'),
    )
export const nameOf = (index: number): string => `${SERVER}-${letters(index, 26)}`

const timeText = (ms: number): string => new Date(Math.ceil(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z')

export function buildSandbox(index: number, serverUid: string, untilMs: number): KubeObject {
  const userRef = letters(index, 32)
  return {
    metadata: {
      namespace: SANDBOXES,
      name: nameOf(index),
      labels: { 'mcphub.io/server': SERVER, 'mcphub.io/user-hash': userRef },
    },
    spec: {
      serverRef: { name: SERVER, uid: serverUid },
      userRef,
      userGroupRefs: [],
      operatingMode: 'Auto',
      activeUntilTime: timeText(untilMs),
    },
  }
}

export async function wake(client: KubeClient, index: number, untilMs: number): Promise<void> {
  const body = { spec: { activeUntilTime: timeText(untilMs), operatingMode: 'Auto' } }
  const ref = { namespace: SANDBOXES, name: nameOf(index) }
  await client.patch(MCP_SANDBOXES, ref, { type: 'merge', body })
}

/** `work` for 0 … count−1, some at a time, told on the way. @throws the first failure */
export async function forAll(what: string, count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const began = performance.now()
  const tell = setInterval(() => showProgress(`  ${what}: ${next} of ${count}`), TOLD_EVERY_MS)
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index)
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  } finally {
    clearInterval(tell)
  }
  showProgress(`  ${what}: ${count} in ${((performance.now() - began) / 1000).toFixed(0)} s`)
}

interface Seen extends Stored {
  /** reason of the condition Ready */
  readonly ready: string
}

interface Status {
  readonly conditions?: readonly { readonly type: string; readonly reason: string }[]
}

export interface View {
  /** how many say so of themselves */
  count(reason: string): number
  stop(): Promise<void>
}

/** A watch on what the operator says of all sandboxes. */
export async function openView(client: KubeClient): Promise<View> {
  const store = new Store<Seen>({ ready: ({ ready }) => [ready] })
  const transform = (object: KubeObject & Stored): Seen => {
    const { name, namespace, uid, resourceVersion } = object.metadata
    const { conditions = [] } = (object['status'] ?? {}) as Status
    const ready = conditions.find(({ type }) => type === 'Ready')?.reason ?? ''
    return { metadata: { name, namespace: namespace!, uid, resourceVersion }, ready }
  }
  const reflector = new Reflector({
    client,
    resource: MCP_SANDBOXES,
    query: { namespace: SANDBOXES },
    store,
    transform,
  })
  await reflector.start()
  return { count: (reason) => store.byIndex('ready', reason).length, stop: () => reflector.stop() }
}

export const openGateway = (): ReturnType<typeof openClient> => openClient(kubeconfigOf('gateway'))
