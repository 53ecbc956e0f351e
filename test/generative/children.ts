// The stdio servers of a random sequence: children in memory behind the `Sandboxes` port. What a call gets is played by upstream.ts.
import type { AcquireRequest, Child, EndReason, ExitReason, Sandboxes } from '../../gateway/src/sandboxes/sandboxes.ts'
import type { Behaviours, Outlet, Rpc } from './upstream.ts'

export class MemoryChildren implements Sandboxes {
  readonly idPrefix = 'test-'
  readonly separation = { kind: 'ProcessOnly', message: 'test' } as const
  readonly #behaviours: Behaviours
  readonly #children = new Map<string, MemoryChild>()
  #count = 0

  constructor(behaviours: Behaviours) {
    this.#behaviours = behaviours
  }

  async acquire(request: AcquireRequest): Promise<Child> {
    const { server, owner, fingerprint } = request
    const key = [server.name, owner.userId, owner.sessionId, owner.discovery, fingerprint].join('|')
    const known = this.#children.get(key)
    if (known !== undefined && !known.hasExited) return known
    const child = new MemoryChild(`child-${++this.#count}`, request, this.#behaviours)
    this.#children.set(key, child)
    child.onExit(() => this.#children.get(key) === child && this.#children.delete(key))
    return child
  }

  running(userId: string): number {
    return [...this.#children.values()].filter((child) => child.request.owner.userId === userId).length
  }

  /** As `kill -9` of each child of this server that is this user's, or everybody's. Says how many. */
  crash(server: string, userId: string): number {
    let count = 0
    for (const child of [...this.#children.values()]) {
      const { owner } = child.request
      const isTheirs = owner.userId === userId || owner.userId === null
      if (child.request.server.name !== server || !isTheirs || owner.discovery) continue
      child.crash()
      count++
    }
    return count
  }

  list(): [] {
    return []
  }
  async listAll(): Promise<[]> {
    return []
  }
  async logs(): Promise<null> {
    return null
  }
  async output(): Promise<null> {
    return null
  }
  async stopOne(): Promise<void> {}
  async stopWhere(): Promise<number> {
    return 0
  }
  async forget(): Promise<void> {}
  async start(): Promise<void> {}
  async stop(): Promise<void> {
    for (const child of [...this.#children.values()]) await child.end('shutdown')
  }
}

class MemoryChild implements Child {
  readonly sandboxId: string
  readonly incarnation: string
  readonly fingerprint: string
  readonly request: AcquireRequest
  readonly #behaviours: Behaviours
  readonly #exits: ((reason: ExitReason) => void)[] = []
  #reason: ExitReason | null = null
  /** written, and not read yet */
  readonly #pipe: string[] = []
  #listener: ((line: Buffer) => void) | null = null
  #waiting: Buffer[] = []

  constructor(name: string, request: AcquireRequest, behaviours: Behaviours) {
    this.sandboxId = name
    this.incarnation = name
    this.fingerprint = request.fingerprint
    this.request = request
    this.#behaviours = behaviours
  }

  get hasExited(): boolean {
    return this.#reason !== null
  }

  write(line: string | Buffer): boolean {
    const text = line.toString()
    if (text.includes('mcphub_')) this.#behaviours.violations.push('a child was sent a hub key')
    this.#pipe.push(text)
    queueMicrotask(() => this.#read())
    return true
  }

  onLine(listener: (line: Buffer) => void): void {
    this.#listener = listener
    for (const line of this.#waiting.splice(0)) listener(line)
  }
  onDrain(): void {}
  onExit(listener: (reason: ExitReason) => void): void {
    if (this.#reason !== null) listener(this.#reason)
    else this.#exits.push(listener)
  }
  pause(): void {}
  resume(): void {}
  hold(): () => void {
    return () => undefined
  }

  async end(by: EndReason): Promise<void> {
    // what was written before is read before
    this.#read()
    this.#exit({ kind: 'ended', by })
  }

  crash(): void {
    const { server, owner } = this.request
    this.#behaviours.fault(linkKeyOf(server.name, owner.userId, owner.sessionId))
    this.#exit({ kind: 'exited', code: null, signal: 'SIGKILL' })
  }

  #read(): void {
    for (const text of this.#pipe.splice(0)) if (!this.hasExited) this.#receive(JSON.parse(text) as Rpc)
  }

  #exit(reason: ExitReason): void {
    if (this.#reason !== null) return
    this.#reason = reason
    for (const listener of this.#exits) listener(reason)
  }

  #line(value: object | string): void {
    if (this.hasExited) return
    const line = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
    if (this.#listener === null) this.#waiting.push(line)
    else this.#listener(line)
  }

  #receive(line: Rpc): void {
    const { id, method } = line
    if (method === undefined) return this.#behaviours.receiveAnswer(id, line)
    if (method === 'notifications/cancelled') return this.#behaviours.stop(line.params?.requestId)
    if (id === undefined) return
    if (method === 'tools/call') return this.#call(line, id)
    const result = ANSWERS[method]
    if (result === undefined) this.#line({ jsonrpc: '2.0', id, error: { code: -32_601, message: 'Method not found' } })
    else this.#line({ jsonrpc: '2.0', id, result })
  }

  #call({ params }: Rpc, id: string | number): void {
    const { nonce = '', act = 'echo', ms = 1 } = params?.arguments ?? {}
    const { env, owner, server } = this.request
    const value = env.get('TOKEN') ?? null
    const arrival = {
      nonce,
      id,
      server: server.name,
      conversation: this.incarnation,
      userId: owner.userId,
      value: value === null || typeof value === 'string' ? value : value.reveal(),
      at: this.#behaviours.clock(),
    }
    const outlet: Outlet = {
      isShared: true,
      say: (message) => this.#line(message),
      answer: (message) => this.#line(message),
      slice: (message) => this.#line(message),
      finish: () => undefined,
      garble: () => this.#line('Debug: this is no MCP'),
      cut: () => this.crash(),
      loseSession: () => false,
    }
    this.#behaviours.play(
      { arrival, outlet, ms, isModern: false, progressToken: params?._meta?.['progressToken'] },
      act,
    )
  }
}

const ANSWERS: Readonly<Record<string, object>> = {
  initialize: {
    protocolVersion: '2025-11-25',
    capabilities: { tools: { listChanged: true }, logging: {} },
    serverInfo: { name: 'child', version: '1' },
  },
  'tools/list': { tools: [{ name: 'do', inputSchema: { type: 'object' } }] },
}

/** Which conversation a call belongs to: what breaks one hurts no call of another. */
export function linkKeyOf(server: string, userId: string | null, sessionId: string | null): string {
  if (server === 'own') return `own ${userId}`
  // calls without a session have a child for each key, and a person here one key at a time
  if (server === 'each') return `each ${userId} ${sessionId?.startsWith('key ') ? null : sessionId}`
  return server
}
