// A client of the MCP endpoint that adds nothing of its own: what a test says goes over the wire, what comes back is kept as it came. Speaks
// every revision: with a session (initialize, GET stream, answers to the server's questions), without one, and 2026-07-28.

export type JsonObject = { [key: string]: unknown }
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers freely
export type Loose = any

export interface RpcMessage {
  readonly id?: string | number
  readonly method?: string
  readonly params?: Loose
  readonly result?: Loose
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Loose }
}

export interface Reply extends RpcMessage {
  readonly status: number
  readonly type: string
  /** what came on the same stream before (and after) the answer */
  readonly messages: readonly RpcMessage[]
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** called with each message of the stream as it comes */
  readonly onMessage?: (message: RpcMessage) => void
  readonly id?: string | number
}

export interface RawClientInit {
  readonly url: URL
  readonly key: string
  /** `null`: plain POSTs without initialize and without a version */
  readonly revision: string | null
  readonly capabilities?: JsonObject
  /** default CLIENT_INFO */
  readonly clientInfo?: { readonly name: string; readonly version: string }
}

export const MODERN = '2026-07-28'
const META = 'io.modelcontextprotocol/'
const ACCEPT = 'application/json, text/event-stream'
export const CLIENT_INFO = { name: 'raw-client', version: '1.2.3' }

export class RawClient {
  readonly init: RawClientInit
  readonly isModern: boolean
  /** how questions of the server are answered: method → result */
  readonly answers = new Map<string, (params: Loose) => JsonObject>()
  /** what came on the GET stream */
  readonly events: RpcMessage[] = []
  initialized: Reply | null = null
  sessionId: string | null = null
  #nextId = 0
  /** comments on the GET stream */
  keepAlives = 0
  #open = new AbortController()

  constructor(init: RawClientInit) {
    this.init = init
    this.isModern = init.revision === MODERN
  }

  /** Opens the session where the revision has one. */
  async connect(): Promise<this> {
    const { revision, capabilities = {}, clientInfo = CLIENT_INFO } = this.init
    if (revision === null || this.isModern) return this
    const params = { protocolVersion: revision, capabilities, clientInfo }
    this.initialized = await this.request('initialize', params)
    await this.notify('notifications/initialized')
    return this
  }

  async request(method: string, params?: JsonObject, options: RequestOptions = {}): Promise<Reply> {
    const id = options.id ?? ++this.#nextId
    const sent = { jsonrpc: '2.0', id, method, ...this.#params(params) }
    const response = await this.#post(
      sent,
      { ...this.#modernHeaders(method, params), ...options.headers },
      options.signal,
    )
    const messages: RpcMessage[] = []
    let answer: RpcMessage = {}
    const take = (message: RpcMessage) => {
      if (message.method === undefined) answer = message
      else messages.push(message)
      options.onMessage?.(message)
      if (message.method !== undefined && message.id !== undefined) void this.#answer(message)
    }
    const type = response.headers.get('content-type')?.split(';')[0] ?? ''
    if (method === 'initialize') this.sessionId = response.headers.get('mcp-session-id')
    if (type === 'text/event-stream') await readEvents(response, take)
    else {
      const text = await response.text()
      if (text !== '') take(JSON.parse(text) as RpcMessage)
    }
    return { ...answer, status: response.status, type, messages }
  }

  async notify(method: string, params?: JsonObject): Promise<void> {
    const response = await this.#post(
      { jsonrpc: '2.0', method, ...this.#params(params) },
      this.#modernHeaders(method, params),
    )
    await response.arrayBuffer()
  }

  /** The GET stream of a session; what comes is in `events`, comments are counted. */
  async openStream(headers: Readonly<Record<string, string>> = {}): Promise<void> {
    const response = await fetch(this.init.url, {
      headers: { accept: 'text/event-stream', ...this.#headers(), ...headers },
      signal: this.#open.signal,
    })
    if (response.status !== 200) throw new Error(`GET: ${response.status}`)
    const take = (message: RpcMessage) => {
      this.events.push(message)
      if (message.method !== undefined && message.id !== undefined) void this.#answer(message)
    }
    readEvents(response, take, () => this.keepAlives++).catch(() => undefined)
  }

  /** As a proxy does that has seen nothing for a minute. */
  dropStream(): void {
    this.#open.abort()
    this.#open = new AbortController()
  }

  async close(): Promise<void> {
    this.#open.abort()
    if (this.sessionId === null) return
    await fetch(this.init.url, { method: 'DELETE', headers: this.#headers() }).then((response) =>
      response.arrayBuffer(),
    )
  }

  async #answer({ id, method, params }: RpcMessage): Promise<void> {
    const result = this.answers.get(method ?? '')?.(params)
    const error = { code: -32_601, message: 'Method not found' }
    await this.#post({ jsonrpc: '2.0', id, ...(result === undefined ? { error } : { result }) }).then((response) =>
      response.arrayBuffer(),
    )
  }

  #post(body: object, headers: Readonly<Record<string, string>> = {}, signal?: AbortSignal): Promise<Response> {
    return fetch(this.init.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: ACCEPT, ...this.#headers(), ...headers },
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    })
  }

  #headers(): Record<string, string> {
    const { key, revision } = this.init
    // before 2025-06-18 there was no version header
    const hasVersion = revision !== null && revision >= '2025-06-18' && (this.sessionId !== null || this.isModern)
    return {
      authorization: `Bearer ${key}`,
      ...(this.sessionId === null ? {} : { 'mcp-session-id': this.sessionId }),
      ...(hasVersion ? { 'mcp-protocol-version': revision } : {}),
    }
  }

  #modernHeaders(method: string, params: JsonObject | undefined): Record<string, string> {
    if (!this.isModern) return {}
    const name = params?.[method === 'resources/read' ? 'uri' : method.startsWith('tasks/') ? 'taskId' : 'name']
    const isNamed = /^(tools\/call|prompts\/get|resources\/read|tasks\/\w+)$/.test(method) && typeof name === 'string'
    return { 'mcp-method': method, ...(isNamed ? { 'mcp-name': name } : {}) }
  }

  #params(params: JsonObject | undefined): { params?: JsonObject } {
    if (!this.isModern) return params === undefined ? {} : { params }
    const meta = {
      [`${META}protocolVersion`]: MODERN,
      [`${META}clientInfo`]: CLIENT_INFO,
      [`${META}clientCapabilities`]: this.init.capabilities ?? {},
      ...(params?.['_meta'] as JsonObject | undefined),
    }
    return { params: { ...params, _meta: meta } }
  }
}

async function readEvents(
  response: Response,
  take: (message: RpcMessage) => void,
  onComment: () => void = () => undefined,
): Promise<void> {
  const decoder = new TextDecoder()
  let held = ''
  for await (const chunk of response.body ?? []) {
    held += decoder.decode(chunk as Uint8Array, { stream: true })
    const events = held.split(/\r?\n\r?\n/)
    held = events.pop() ?? ''
    for (const event of events) {
      if (event.startsWith(':')) onComment()
      const data = event
        .split(/\r?\n/)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trimStart())
        .join('\n')
      if (data !== '') take(JSON.parse(data) as RpcMessage)
    }
  }
}
