// What tests of the upstream side need around it: servers, owners, variables, a catalogue, a sink that remembers, and children on plain pipes.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { randomUUID } from 'node:crypto'
import { mcpServerSpec, type HubError } from '../../packages/api/src/index.ts'
import type { Catalog, CatalogServer, CatalogSnapshot } from '../../gateway/src/catalog/catalog.ts'
import { deriveServer } from '../../gateway/src/catalog/derive.ts'
import { createUpstreams, type UpstreamsConfig } from '../../gateway/src/mcp/upstream/create-upstreams.ts'
import type {
  CallSink,
  JsonObject,
  LinkOwner,
  OutboundCall,
  RpcAnswer,
  UpstreamEvent,
  Upstreams,
} from '../../gateway/src/mcp/upstream/upstreams.ts'
import type { AcquireRequest, Child, EndReason, ExitReason, Sandboxes } from '../../gateway/src/sandboxes/sandboxes.ts'
import { Secret } from '../../gateway/src/secrets/secret.ts'
import type { ResolvedVariables, Variables } from '../../gateway/src/secrets/variables.ts'

type SpecInput = Parameters<typeof mcpServerSpec.parse>[0]

export function makeServer(name: string, spec: SpecInput): CatalogServer {
  return deriveServer({ name, labels: {}, spec: mcpServerSpec.parse(spec) })
}

export function makeRemote(name: string, url: string, rest: JsonObject = {}, remote: JsonObject = {}): CatalogServer {
  return makeServer(name, { type: 'Remote', access: 'Everyone', remote: { url, ...remote }, ...rest })
}

export function makeStdio(name: string, command: readonly string[], rest: JsonObject = {}, stdio: JsonObject = {}) {
  return makeServer(name, { type: 'Stdio', access: 'Everyone', stdio: { command, ...stdio }, ...rest })
}

export function makeOwner(user: string, change: Partial<LinkOwner> & { readonly keyId?: string } = {}): LinkOwner {
  const { keyId = `key-${user}`, ...rest } = change
  return {
    principal: {
      userId: user,
      username: user,
      role: 'member',
      via: 'key',
      keyId,
      scope: { servers: null },
      claims: [],
      loginUntil: null,
    },
    sessionId: `session-${user}`,
    clientCapabilities: {},
    clientInfo: { name: 'test', version: '1' },
    revision: '2025-11-25',
    ...rest,
  }
}

/** Values in memory, by user (or '' for the organisation's). */
export class MemoryVariables implements Variables {
  readonly #values = new Map<string, Map<string, string>>()
  readonly #listeners = new Set<(userId: string | null, names: readonly string[]) => void>()

  set(user: string | null, name: string, value: string): void {
    const values = this.#values.get(user ?? '') ?? new Map<string, string>()
    this.#values.set(user ?? '', values.set(name, value))
    for (const listener of this.#listeners) listener(user, [name])
  }

  resolve(userId: string | null, server: CatalogServer): ResolvedVariables {
    const values = new Map<string, Secret>()
    const missing: string[] = []
    const take = (owner: string | null, name: string, required: boolean) => {
      const value = owner === null ? undefined : this.#values.get(owner)?.get(name)
      if (value !== undefined) values.set(name, new Secret(value))
      else if (required) missing.push(name)
    }
    for (const variable of server.userVariables) take(userId, variable.name, variable.required)
    for (const name of server.orgVariables) take('', name, true)
    const text = Array.from(values, ([name, value]) => `${name}=${value.reveal()}`).join('\n')
    return { values, missing, version: text === '' ? 'none' : `v${text.length}-${this.#hash(text)}` }
  }

  onChange(listener: (userId: string | null, names: readonly string[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #hash(text: string): number {
    let hash = 0
    for (const char of text) hash = (hash * 31 + char.charCodeAt(0)) | 0
    return hash
  }
}

export class MemoryCatalog implements Catalog {
  #snapshot: CatalogSnapshot
  readonly #listeners = new Set<(next: CatalogSnapshot, previous: CatalogSnapshot) => void>()

  constructor(servers: readonly CatalogServer[] = []) {
    this.#snapshot = {
      revision: 1,
      servers: new Map(servers.map((one) => [one.name, one])),
      groups: new Map(),
      faults: [],
    }
  }

  replace(servers: readonly CatalogServer[]): void {
    const previous = this.#snapshot
    this.#snapshot = {
      ...previous,
      revision: previous.revision + 1,
      servers: new Map(servers.map((one) => [one.name, one])),
    }
    for (const listener of this.#listeners) listener(this.#snapshot, previous)
  }

  snapshot(): CatalogSnapshot {
    return this.#snapshot
  }

  subscribe(listener: (next: CatalogSnapshot, previous: CatalogSnapshot) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}
}

/** Children of this test process on plain pipes: no isolation, the same `Child` port. The manifest's `command` is what is started. */
export class PipeSandboxes implements Sandboxes {
  readonly idPrefix = 'test-'
  readonly separation = { kind: 'ProcessOnly', message: 'test' } as const
  readonly acquired: AcquireRequest[] = []
  readonly children = new Map<string, PipeChild>()
  readonly #starting = new Map<string, Promise<PipeChild>>()
  started = 0
  /** awaited before each start */
  beforeStart: (request: AcquireRequest) => Promise<void> = async () => undefined

  async acquire(request: AcquireRequest): Promise<Child> {
    this.acquired.push(request)
    const { server, owner, fingerprint } = request
    const key = [server.name, owner.userId, owner.sessionId, owner.discovery, fingerprint].join('|')
    const running = this.children.get(key)
    if (running && !running.hasExited && running.endedBy === null) return running
    let starting = this.#starting.get(key)
    if (!starting) {
      starting = this.#start(key, request).finally(() => this.#starting.delete(key))
      this.#starting.set(key, starting)
    }
    return starting
  }

  async #start(key: string, request: AcquireRequest): Promise<PipeChild> {
    await this.beforeStart(request)
    this.started++
    const child = new PipeChild(key, request, this.started)
    this.children.set(key, child)
    return child
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
    await Promise.all(Array.from(this.children.values(), (child) => child.end('shutdown')))
  }
}

class PipeChild implements Child {
  readonly sandboxId: string
  readonly incarnation: string
  readonly fingerprint: string
  readonly process
  hasExited = false
  holds = 0
  endedBy: EndReason | null = null
  #reason: ExitReason | null = null
  readonly #exits: ((reason: ExitReason) => void)[] = []
  #line: ((line: Buffer) => void) | null = null
  readonly #held: Buffer[] = []

  constructor(key: string, request: AcquireRequest, count: number) {
    this.sandboxId = key
    this.incarnation = String(count)
    this.fingerprint = request.fingerprint
    const reveal = (text: string | Secret) => (typeof text === 'string' ? text : text.reveal())
    const [command, ...first] = request.server.spec.stdio!.command!
    const env = {
      PATH: process.env['PATH'],
      ...Object.fromEntries(Array.from(request.env, ([k, v]) => [k, reveal(v)])),
    }
    this.process = spawn(command!, [...first, ...request.args.map(reveal)], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    this.process.stdin.on('error', () => undefined)
    createInterface({ input: this.process.stdout, crlfDelay: Infinity }).on('line', (line) => {
      const bytes = Buffer.from(line)
      if (this.#line) this.#line(bytes)
      else this.#held.push(bytes)
    })
    this.process.on('exit', (code, signal) => {
      this.hasExited = true
      this.#reason = this.endedBy ? { kind: 'ended', by: this.endedBy } : { kind: 'exited', code, signal }
      for (const listener of this.#exits) listener(this.#reason)
    })
  }

  write(line: string | Buffer): boolean {
    return this.hasExited || this.process.stdin.write(Buffer.concat([Buffer.from(line), Buffer.from('\n')]))
  }
  onLine(listener: (line: Buffer) => void): void {
    this.#line = listener
    for (const line of this.#held.splice(0)) listener(line)
  }
  onDrain(listener: () => void): void {
    this.process.stdin.on('drain', listener)
  }
  onExit(listener: (reason: ExitReason) => void): void {
    if (this.#reason) listener(this.#reason)
    else this.#exits.push(listener)
  }
  pause(): void {
    this.process.stdout.pause()
  }
  resume(): void {
    this.process.stdout.resume()
  }
  hold(): () => void {
    this.holds++
    let held = true
    return () => {
      if (held) this.holds--
      held = false
    }
  }
  async end(reason: EndReason): Promise<void> {
    if (this.hasExited) return
    this.endedBy ??= reason
    this.process.kill('SIGKILL')
    await new Promise<void>((resolve) => this.onExit(() => resolve()))
  }
}

/** Everything that came back for one call. */
export class MemorySink implements CallSink {
  readonly notifications: JsonObject[] = []
  readonly requests: { method: string; params: JsonObject | undefined; respond: (answer: RpcAnswer) => void }[] = []
  /** every terminal event, in order: there must be exactly one */
  readonly ends: string[] = []
  readonly done: Promise<{ json: JsonObject | null; bytes: Buffer | null; error: HubError | null }>
  onRequest: ((method: string, respond: (answer: RpcAnswer) => void) => void) | null = null
  /** set false to be a slow client */
  takes = true
  chunks: Buffer[] = []
  begun = false
  readonly #resolve: (done: { json: JsonObject | null; bytes: Buffer | null; error: HubError | null }) => void

  constructor() {
    const { promise, resolve } = Promise.withResolvers<Awaited<MemorySink['done']>>()
    this.done = promise
    this.#resolve = resolve
  }

  notification(json: string): void {
    this.notifications.push(JSON.parse(json) as JsonObject)
  }
  request(method: string, params: JsonObject | undefined, respond: (answer: RpcAnswer) => void): void {
    this.requests.push({ method, params, respond })
    this.onRequest?.(method, respond)
  }
  answer(json: Buffer): void {
    this.ends.push('answer')
    this.#resolve({ json: JSON.parse(json.toString('utf8')) as JsonObject, bytes: json, error: null })
  }
  begin(): void {
    this.begun = true
  }
  chunk(bytes: Buffer): boolean {
    this.chunks.push(Buffer.from(bytes))
    return this.takes
  }
  end(): void {
    this.ends.push('end')
    const bytes = Buffer.concat(this.chunks)
    this.#resolve({ json: JSON.parse(bytes.toString('utf8')) as JsonObject, bytes, error: null })
  }
  fail(error: HubError): void {
    this.ends.push('fail')
    this.#resolve({ json: null, bytes: null, error })
  }
}

export interface UpstreamWorld {
  readonly upstreams: Upstreams
  readonly variables: MemoryVariables
  readonly catalog: MemoryCatalog
  readonly sandboxes: PipeSandboxes
  readonly events: UpstreamEvent[]
  /** of everybody; null: the hub's default */
  readonly limits: { maxRunning: number | null }
  start(owner: LinkOwner, server: CatalogServer, call: Partial<OutboundCall> & { method: string }): StartedCall
  call(owner: LinkOwner, server: CatalogServer, tool: string, args?: JsonObject): Promise<JsonObject>
  close(): Promise<void>
}

export interface StartedCall {
  readonly sink: MemorySink
  readonly cancel: (reason: string) => void
  readonly resume: () => void
}

export async function openUpstreamWorld(
  config: Partial<UpstreamsConfig> = {},
  sandboxes: Sandboxes = new PipeSandboxes(),
): Promise<UpstreamWorld> {
  const variables = new MemoryVariables()
  const catalog = new MemoryCatalog()
  const log = { warn: () => undefined, debug: () => undefined }
  const limits: UpstreamWorld['limits'] = { maxRunning: null }
  const upstreams = createUpstreams({
    sandboxes,
    variables,
    catalog,
    log,
    maxRunningPerUser: () => limits.maxRunning,
    config: { version: '0.0.0', idleMs: 2000, callMs: 20_000, connectMs: 1000, drainMs: 100, ...config },
  })
  await upstreams.start()
  const events: UpstreamEvent[] = []
  upstreams.onEvent((event) => events.push(event))
  const start: UpstreamWorld['start'] = (owner, server, call) => {
    const sink = new MemorySink()
    const request: OutboundCall = { requestId: randomUUID(), params: undefined, idJson: '0', era: 'legacy', ...call }
    const handle = upstreams.call(owner, server, request, sink)
    return { sink, cancel: (reason) => handle.cancel(reason), resume: () => handle.resume() }
  }
  return {
    upstreams,
    variables,
    catalog,
    sandboxes: sandboxes as PipeSandboxes,
    events,
    limits,
    start,
    async call(owner, server, tool, args = {}) {
      const { sink } = start(owner, server, { method: 'tools/call', params: { name: tool, arguments: args } })
      const done = await sink.done
      if (done.error) throw done.error
      return done.json!
    },
    async close() {
      await upstreams.stop()
      await sandboxes.stop()
    },
  }
}
