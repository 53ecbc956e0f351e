// Pods of a cluster that is not ours, from outside of its network: `kubectl port-forward`; and a Service as such a cluster does it, where each connection
// goes to any pod that is ready.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { createServer, connect } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Cluster } from '../cluster/cluster.ts'

export interface PodPort {
  readonly namespace: string
  readonly pod: string
  readonly port: number
}

export interface Forward {
  /** on this machine's loopback */
  readonly port: number
  isOpen(): boolean
  close(): void
}

const LOOPBACK = '127.0.0.1'

/** Those that this process started end with it. */
const started = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of started) child.kill()
})

/** Open until the pod goes. @throws with kubectl's own words */
export async function forwardPod(cluster: Cluster, { namespace, pod, port }: PodPort): Promise<Forward> {
  const where = [`--kubeconfig=${cluster.kubeconfig}`, '-n', namespace]
  const args = [...where, 'port-forward', `--address=${LOOPBACK}`, `pod/${pod}`, `:${port}`]
  const child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  started.add(child)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
  const opened = Promise.withResolvers<number>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, local] = /^Forwarding from [\d.]+:(\d+)/.exec(line) ?? []
    if (local) opened.resolve(Number(local))
  })
  child.once('error', opened.reject)
  child.once('close', () => {
    started.delete(child)
    opened.reject(new Error(`port-forward to ${pod}: ${said.trim()}`))
  })
  const local = await opened.promise
  return { port: local, isOpen: () => started.has(child), close: () => child.kill() }
}

interface Slices {
  readonly items: readonly {
    readonly ports?: readonly { readonly port: number }[]
    readonly endpoints?: readonly {
      readonly conditions?: { readonly ready?: boolean }
      readonly targetRef?: { readonly name: string }
    }[]
  }[]
}

/** Asked again at most so often. */
const FRESH_MS = 500
const ATTEMPTS = 20

export class ServiceForward {
  readonly #cluster: Cluster
  readonly #namespace: string
  readonly #service: string
  readonly #forwards = new Map<string, Promise<Forward>>()
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  #ready: Promise<PodPort[]> = Promise.resolve([])
  #askedAt = -Infinity

  constructor(cluster: Cluster, namespace: string, service: string) {
    this.#cluster = cluster
    this.#namespace = namespace
    this.#service = service
    this.#server = createServer((client) => {
      client.on('error', () => client.destroy())
      this.#serve(client).catch(() => client.destroy())
    })
  }

  /** Its port on this machine's loopback. */
  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, LOOPBACK, resolve))
    return (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    for (const forward of this.#forwards.values())
      await forward.then(
        ({ close }) => close(),
        () => {},
      )
  }

  async #askReady(): Promise<PodPort[]> {
    const selector = `kubernetes.io/service-name=${this.#service}`
    const said = await this.#cluster.kubectl([
      ...['-n', this.#namespace, 'get', 'endpointslices', '-l', selector, '-o', 'json'],
    ])
    return (JSON.parse(said) as Slices).items.flatMap(({ ports = [], endpoints = [] }) =>
      endpoints
        .filter(({ conditions, targetRef }) => conditions?.ready === true && targetRef !== undefined)
        .map(({ targetRef }) => ({
          namespace: this.#namespace,
          pod: targetRef?.name ?? '',
          port: ports[0]?.port ?? 0,
        })),
    )
  }

  #listReady(): Promise<PodPort[]> {
    if (performance.now() - this.#askedAt > FRESH_MS) {
      this.#askedAt = performance.now()
      this.#ready = this.#askReady()
    }
    return this.#ready
  }

  async #open(target: PodPort): Promise<Forward> {
    const known = this.#forwards.get(target.pod)
    const forward = await known?.catch(() => null)
    if (forward?.isOpen()) return forward
    const made = this.#forwards.get(target.pod)
    // another connection was quicker
    if (made !== undefined && made !== known) return made
    const opening = forwardPod(this.#cluster, target)
    this.#forwards.set(target.pod, opening)
    return opening
  }

  /** A pod that goes in between is no fault yet: there are others. */
  async #findForward(): Promise<Forward> {
    let fault: unknown = new Error(`no pod of ${this.#service} is ready`)
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const ready = await this.#listReady().catch(() => [])
      const target = ready[Math.floor(Math.random() * ready.length)]
      if (!target) {
        // the list is no fresher before
        await new Promise((resolve) => setTimeout(resolve, FRESH_MS))
        continue
      }
      try {
        return await this.#open(target)
      } catch (error) {
        fault = error
      }
    }
    throw fault
  }

  async #serve(client: Socket): Promise<void> {
    const { port } = await this.#findForward()
    const pod = connect({ host: LOOPBACK, port })
    for (const socket of [client, pod]) {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    }
    pod.on('error', () => client.destroy())
    client.once('close', () => pod.destroy())
    pod.once('close', () => client.destroy())
    client.pipe(pod).pipe(client)
  }
}
