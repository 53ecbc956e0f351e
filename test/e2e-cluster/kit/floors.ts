// What nobody can be faster than: a bare pod of the same image and volumes until it answers, and the server's program on plain pipes.
import { join } from 'node:path'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { BareChild } from '../../../bench/bare-child.ts'
import { KubeClient, KubeHttp, PODS, readKubeconfig } from '../../../packages/kube/src/index.ts'
import type { KubeObject } from '../../../packages/kube/src/index.ts'
import { SANDBOXES } from '../settings.ts'
import { cluster, kubectl, read } from './kube.ts'

const FLOOR = 'mcphub-floor'
const PORT = 8477
/** answers every connection */
const ANSWER = `require('node:net').createServer((socket) => socket.end('here')).listen(${PORT})`

type Fields = Readonly<Record<string, unknown>>
interface PodSpec extends Fields {
  readonly containers: readonly Fields[]
  readonly volumes: readonly Fields[]
}

/** Its first answer. */
async function waitForAnswer(host: string): Promise<void> {
  const end = performance.now() + 30_000
  while (performance.now() < end) {
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect({ host, port: PORT })
      socket.once('data', () => (socket.destroy(), resolve(true)))
      socket.once('error', () => resolve(false))
      socket.setTimeout(500, () => (socket.destroy(), resolve(false)))
    })
    if (answered) return
    await wait(2)
  }
  throw new Error(`${host} never answered`)
}

export interface Floors {
  /** Milliseconds from the create of a pod to its first TCP answer. */
  startPod(volumes: 'as the sandbox' | 'none'): Promise<number>
  /** Milliseconds from the spawn of the server to its first tool result. */
  startChild(): Promise<number>
  close(): Promise<void>
}

/** @param model a sandbox pod, of which image, volumes, limits and security context are taken over */
export async function openFloors(model: string): Promise<Floors> {
  const { spec } = await read(SANDBOXES, 'pod', model)
  const { containers, volumes, ...rest } = spec as unknown as PodSpec
  const [container] = containers
  await kubectl('create', 'namespace', FLOOR)
  // what its volumes name
  for (const kind of ['serviceaccount/mcphub-sandbox', 'configmap/mcphub-trust']) {
    const {
      apiVersion,
      kind: name,
      metadata,
      data,
    } = JSON.parse(await kubectl('-n', SANDBOXES, 'get', kind, '-o', 'json')) as KubeObject
    const copy = { apiVersion, kind: name, metadata: { name: metadata.name }, ...(data ? { data } : {}) }
    await cluster.kubectl(['-n', FLOOR, 'apply', '-f', '-'], { input: JSON.stringify(copy) })
  }
  const http = new KubeHttp({ credentials: await readKubeconfig(cluster.kubeconfig), userAgent: 'floors/1' })
  const kube = new KubeClient(http)
  const { nodeName: _, priority: _2, ...kept } = rest
  const pod = (name: string, mounted: boolean): KubeObject => ({
    metadata: { name, namespace: FLOOR },
    spec: {
      ...kept,
      terminationGracePeriodSeconds: 0,
      ...(mounted && { volumes }),
      containers: [
        {
          ...container,
          // its work folder is a volume
          ...(!mounted && { volumeMounts: [], workingDir: '/' }),
          command: ['node', '-e', ANSWER],
          args: [],
          livenessProbe: undefined,
          readinessProbe: undefined,
          startupProbe: undefined,
        },
      ],
    },
  })
  let count = 0

  async function startPod(mounts: 'as the sandbox' | 'none'): Promise<number> {
    const name = `floor-${count++}`
    const { resourceVersion } = await kube.listPage(PODS, { namespace: FLOOR })
    const watching = new AbortController()
    const start = performance.now()
    await kube.create(PODS, pod(name, mounts !== 'none'))
    const query = { namespace: FLOOR, fieldSelector: `metadata.name=${name}`, resourceVersion, timeoutSeconds: 60 }
    try {
      for await (const { object } of kube.watch(PODS, { ...query, signal: watching.signal })) {
        const address = (object['status'] as { podIP?: string } | undefined)?.podIP
        if (!address) continue
        await waitForAnswer(address)
        return performance.now() - start
      }
      throw new Error(`${name} had no address`)
    } finally {
      watching.abort()
      await kube.delete(PODS, { namespace: FLOOR, name }, { gracePeriodSeconds: 0 })
    }
  }

  async function startChild(): Promise<number> {
    const start = performance.now()
    const child = new BareChild(process.execPath, [join(import.meta.dirname, '../images/server.js')])
    await child.open()
    await child.request('tools/call', { name: 'count', arguments: {} })
    const ms = performance.now() - start
    child.end()
    return ms
  }

  return {
    startPod,
    startChild,
    close: async () => {
      await http.destroy()
      await kubectl('delete', 'namespace', FLOOR)
    },
  }
}
