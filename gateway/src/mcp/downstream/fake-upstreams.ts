// Scripted MCP servers behind the `Upstreams` port; every call is kept for the tests to look at.
import { HubError } from '@mcphub/api'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type {
  CallHandle,
  CallSink,
  JsonObject,
  LinkOwner,
  OutboundCall,
  ServerDescription,
  UpstreamEvent,
  UpstreamQuestion,
  Upstreams,
} from '../upstream/upstreams.ts'

export interface SentCall {
  readonly owner: LinkOwner
  readonly server: string
  readonly call: OutboundCall
  sink: CallSink
  canceled: string | null
  resumed: number
  onResume: (() => void) | null
}

export interface FakeServer {
  tools?: readonly JsonObject[]
  prompts?: readonly JsonObject[]
  resources?: readonly JsonObject[]
  resourceTemplates?: readonly JsonObject[]
  capabilities?: JsonObject
  /** default 2025-11-25 */
  revision?: string
  instructions?: string
  /** ms before `describe` answers, or the error it answers with */
  describe?: number | HubError
  /** when a subscription is agreed to; default at once */
  watch?: (topic: string) => Promise<void>
  /** default: a result that echoes what was asked */
  onCall?: (sent: SentCall) => void
}

export class FakeUpstreams implements Upstreams {
  readonly servers = new Map<string, FakeServer>()
  readonly sent: SentCall[] = []
  readonly described: { readonly server: string; readonly userId: string | null }[] = []
  /** lists that were read */
  readonly asked: string[] = []
  readonly notified: { readonly server: string; readonly sessionId: string | null; readonly method: string }[] = []
  readonly closedSessions: string[] = []
  /** what is subscribed to right now: `<server> <user> <session> <topic>` */
  readonly watched: string[] = []
  /** `<user> <server>`: children this replica is attached to */
  readonly heard = new Set<string>()
  question: (question: UpstreamQuestion) => void = () => undefined
  readonly #listeners = new Set<(event: UpstreamEvent) => void>()

  call(owner: LinkOwner, server: CatalogServer, call: OutboundCall, sink: CallSink): CallHandle {
    const sent: SentCall = { owner, server: server.name, call, sink, canceled: null, resumed: 0, onResume: null }
    this.sent.push(sent)
    const onCall = this.servers.get(server.name)?.onCall ?? answerEcho
    queueMicrotask(() => onCall(sent))
    return {
      cancel: (reason) => {
        sent.canceled ??= reason
        sent.sink.fail(new HubError('canceled', 'The call was canceled'))
      },
      resume: () => {
        sent.resumed++
        sent.onResume?.()
      },
      handOver: (next) => {
        sent.sink = next
      },
    }
  }
  notify(owner: LinkOwner, server: CatalogServer, method: string): void {
    this.notified.push({ server: server.name, sessionId: owner.sessionId, method })
  }
  async watch(owner: LinkOwner | null, server: CatalogServer, topic: string): Promise<() => void> {
    const watch = `${server.name} ${owner?.principal.username ?? '-'} ${owner?.sessionId ?? '-'} ${topic}`
    await this.#fake(server).watch?.(topic)
    this.watched.push(watch)
    return () => void this.watched.splice(this.watched.indexOf(watch), 1)
  }
  async describe(owner: LinkOwner | null, server: CatalogServer): Promise<ServerDescription> {
    this.described.push({ server: server.name, userId: owner?.principal.userId ?? null })
    const fake = this.#fake(server)
    const { describe } = fake
    if (describe instanceof HubError) throw describe
    if (describe !== undefined) await new Promise((resolve) => setTimeout(resolve, describe).unref())
    return {
      era: fake.revision === '2026-07-28' ? 'modern' : 'legacy',
      revision: fake.revision ?? '2025-11-25',
      capabilities: fake.capabilities ?? capabilitiesOf(fake),
      serverInfo: { name: server.name, version: '1' },
      instructions: fake.instructions ?? null,
    }
  }
  async ask(_owner: LinkOwner | null, server: CatalogServer, request: { method: string }): Promise<JsonObject> {
    const fake = this.#fake(server)
    this.asked.push(request.method)
    if (request.method === 'tools/list') return { tools: fake.tools ?? [] }
    if (request.method === 'prompts/list') return { prompts: fake.prompts ?? [] }
    if (request.method === 'resources/list') return { resources: fake.resources ?? [] }
    return { resourceTemplates: fake.resourceTemplates ?? [] }
  }
  async closeDiscovery(): Promise<void> {}
  async closeSession(sessionId: string): Promise<void> {
    this.closedSessions.push(sessionId)
  }
  async closeUser(): Promise<void> {}
  onEvent(listener: (event: UpstreamEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  onQuestion(listener: (question: UpstreamQuestion) => void): () => void {
    this.question = listener
    return () => {
      this.question = () => undefined
    }
  }
  emit(event: Partial<UpstreamEvent> & { server: string; method: string }): void {
    for (const listener of this.#listeners) {
      listener({ userId: null, sessionId: null, params: undefined, ...event })
    }
  }
  hears(userId: string, _sessionId: string, server: string): boolean {
    return this.heard.has(`${userId} ${server}`)
  }
  health(): [] {
    return []
  }
  refusal(): null {
    return null
  }
  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  #fake(server: CatalogServer): FakeServer {
    const fake = this.servers.get(server.name)
    if (fake === undefined) throw new HubError('server_unavailable', 'not scripted')
    return fake
  }
}

function capabilitiesOf(fake: FakeServer): JsonObject {
  return {
    tools: {},
    ...(fake.prompts ? { prompts: {} } : {}),
    ...(fake.resources || fake.resourceTemplates ? { resources: { subscribe: true } } : {}),
  }
}

/** A result naming who asked what, in the era of the caller. */
export function answerEcho({ owner, server, call, sink }: SentCall): void {
  const text = JSON.stringify({
    user: owner.principal.username,
    session: owner.sessionId,
    server,
    method: call.method,
    params: call.params,
  })
  answerResult({ call, sink }, { content: [{ type: 'text', text }] })
}

export function answerResult({ call, sink }: Pick<SentCall, 'call' | 'sink'>, result: JsonObject): void {
  const shaped = call.era === 'modern' ? { resultType: 'complete', ...result } : result
  sink.answer(Buffer.from(`{"jsonrpc":"2.0","id":${call.idJson},"result":${JSON.stringify(shaped)}}`))
}

export function tool(name: string, more: JsonObject = {}): JsonObject {
  return { name, description: `does ${name}`, inputSchema: { type: 'object' }, ...more }
}
