// Adapter of the ports Peers and OtherReplicas for the replicas of one cluster: found by the address in their name, told through an outbox for each.
import { setTimeout as wait } from 'node:timers/promises'
import type { LocalReplica, Peer, PeerNotice, Peers } from '../mcp/downstream/peers.ts'
import type { HeldSandboxes, OtherReplicas } from '../sandboxes/pods/other-replicas.ts'
import type { Trust } from '../trust/trust.ts'
import { Directory } from './directory.ts'
import { PeerClient } from './peer-client.ts'
import { PeerServer } from './peer-server.ts'
import { addressOf, makeReplicaName } from './replica-name.ts'
import { createQuestions } from './sandbox-questions.ts'
import { ANYBODY } from './wire.ts'

export interface ReplicaPeersDeps {
  /** of this pod */
  readonly address: string
  readonly port: number
  /** headless Service that names all replicas; also the name their certificates are valid for */
  readonly service: string
  readonly trust: Pick<Trust, 'certificate' | 'onChange'>
  readonly log: { warn(fields: object, message: string): void }
  readonly resolve?: (service: string) => Promise<readonly string[]>
}

export interface ReplicaPeers extends Peers {
  /** what they hold of sandboxes */
  readonly sandboxes: OtherReplicas
  /** Listens and introduces itself to the others. @throws Error when the port is taken */
  start(): Promise<void>
  /** Gives what waits in the outboxes a moment to leave. */
  stop(): Promise<void>
}

const OUTBOX_BYTES = 8 * 1024 * 1024
const BATCH_BYTES = 1024 * 1024
const LEAVE_MS = 1_000
/** after a request that failed */
const PAUSE_MS = 100

/** The name is known before anything is open: handles are sealed with it. */
export function createReplicaPeers(deps: ReplicaPeersDeps): ReplicaPeers {
  return new HubReplicas(deps)
}

interface Outbox {
  readonly address: string
  readonly waiting: string[]
  bytes: number
  sending: Promise<void> | null
  isRefusing: boolean
  isFailing: boolean
}

class HubReplicas implements ReplicaPeers {
  readonly self: string
  readonly #deps: ReplicaPeersDeps
  readonly #directory: Directory
  readonly #outboxes = new Map<string, Outbox>()
  #open: { readonly client: PeerClient; readonly server: PeerServer } | null = null
  #replica: LocalReplica | null = null
  #held: HeldSandboxes | null = null
  readonly sandboxes: OtherReplicas = {
    ...createQuestions((body, timeoutMs) => this.#askAll(body, timeoutMs)),
    serve: (held) => void (this.#held = held),
  }

  constructor(deps: ReplicaPeersDeps) {
    this.#deps = deps
    this.self = makeReplicaName(deps.address)
    this.#directory = new Directory({ ...deps, own: deps.address })
  }

  get isAlone(): boolean {
    return this.#directory.addresses().length === 0
  }

  async start(): Promise<void> {
    const { address, port, service, trust, log } = this.#deps
    const { self } = this
    const client = new PeerClient({ self, port, serverName: service, trust })
    const server = new PeerServer({
      self,
      address,
      port,
      trust,
      log,
      replica: () => this.#replica,
      held: () => this.#held,
      onHeard: (name) => void this.#directory.heard(name),
    })
    await server.start()
    this.#open = { client, server }
    await this.#directory.start()
    // the name service may not know this one for a while; those who are told know it at once
    for (const other of this.#directory.addresses()) this.#flush(this.#outboxOf(other), true)
  }

  async stop(): Promise<void> {
    this.#directory.stop()
    const leaving = Promise.all([...this.#outboxes.values()].map(async ({ sending }) => sending))
    await Promise.race([leaving, new Promise((resolve) => setTimeout(resolve, LEAVE_MS).unref())])
    this.#open?.client.stop()
    await this.#open?.server.stop()
    this.#open = null
  }

  find(name: string): Peer | null {
    const address = addressOf(name)
    if (address === null || name === this.self) return null
    return this.#open?.client.peer({ address, to: name }) ?? null
  }

  tell(notice: PeerNotice): void {
    const addresses = this.#directory.addresses()
    if (addresses.length === 0) return
    const json = JSON.stringify(notice)
    for (const address of addresses) this.#put(this.#outboxOf(address), json)
    if (this.#outboxes.size > addresses.length) this.#forgetOthers(new Set(addresses))
  }

  serve(replica: LocalReplica): void {
    this.#replica = replica
  }

  /** Of one that is just gone nothing is logged: it is asked again and again until the name service knows. */
  async #askAll(body: string, timeoutMs: number): Promise<(string | null)[]> {
    const client = this.#open?.client
    if (client === undefined) return []
    const ask = (address: string): Promise<string | null> =>
      client.ask({ address, to: ANYBODY }, body, timeoutMs).catch(() => null)
    return Promise.all(this.#directory.addresses().map(ask))
  }

  #outboxOf(address: string): Outbox {
    const known = this.#outboxes.get(address)
    if (known !== undefined) return known
    const made: Outbox = { address, waiting: [], bytes: 0, sending: null, isRefusing: false, isFailing: false }
    this.#outboxes.set(address, made)
    return made
  }

  #forgetOthers(addresses: ReadonlySet<string>): void {
    for (const { address, sending } of this.#outboxes.values()) {
      if (sending === null && !addresses.has(address)) this.#outboxes.delete(address)
    }
  }

  #put(outbox: Outbox, json: string): void {
    if (outbox.bytes + json.length > OUTBOX_BYTES) {
      if (!outbox.isRefusing) this.#deps.log.warn({ address: outbox.address }, 'too much waits for another replica')
      outbox.isRefusing = true
      return
    }
    outbox.isRefusing = false
    outbox.waiting.push(json)
    outbox.bytes += json.length
    this.#flush(outbox, false)
  }

  /** One request at a time; what comes meanwhile leaves together with the next. `isHello`: also when nothing waits. */
  #flush(outbox: Outbox, isHello: boolean): void {
    if (outbox.sending !== null) return
    outbox.sending = this.#send(outbox, isHello).finally(() => {
      outbox.sending = null
      if (outbox.waiting.length > 0) this.#flush(outbox, false)
    })
  }

  async #send(outbox: Outbox, isHello: boolean): Promise<void> {
    // what is told in one turn leaves as one
    await Promise.resolve()
    for (let first = isHello; first || outbox.waiting.length > 0; first = false) {
      const body = `[${takeBatch(outbox).join(',')}]`
      try {
        await this.#open?.client.sendNotices({ address: outbox.address, to: ANYBODY }, body)
        outbox.isFailing = false
      } catch (error) {
        // a replica that ends takes its live state with it, and stays in the name service for a while
        const fields = { err: error, address: outbox.address }
        if (!outbox.isFailing) this.#deps.log.warn(fields, 'another replica could not be told')
        outbox.isFailing = true
        await wait(PAUSE_MS)
      }
    }
  }
}

function takeBatch(outbox: Outbox): string[] {
  const batch: string[] = []
  for (let bytes = 0; bytes < BATCH_BYTES && outbox.waiting.length > 0;) {
    const json = outbox.waiting.shift()!
    batch.push(json)
    bytes += json.length
    outbox.bytes -= json.length
  }
  return batch
}
