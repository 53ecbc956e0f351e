// One HTTP request of a random sequence and everything that came back for it, byte for byte.
import { request, type Agent, type ClientRequest, type IncomingMessage } from 'node:http'

export interface Message {
  readonly id?: unknown
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly code: number; readonly message: string; readonly data?: { readonly hubCode?: string } }
}

export interface RequestPlan {
  readonly method: 'POST' | 'GET' | 'DELETE'
  readonly path: string
  readonly key: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly accept?: string
}

export const ACCEPT = {
  both: 'application/json, text/event-stream',
  json: 'application/json',
  sse: 'text/event-stream',
} as const

export class Exchange {
  readonly plan: RequestPlan
  /** `lost`: the connection ended before the answer did */
  end: 'open' | 'whole' | 'lost' | 'dropped' = 'open'
  status = 0
  type = ''
  sessionId: string | null = null
  text = ''
  readonly messages: Message[] = []
  readonly done: Promise<void>
  readonly #settle: () => void
  readonly #request: ClientRequest
  readonly #onMessage: (message: Message) => void
  #unread = ''

  constructor(agent: Agent, url: string, plan: RequestPlan, onMessage: (message: Message) => void = () => undefined) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.plan = plan
    this.done = promise
    this.#settle = resolve
    this.#onMessage = onMessage
    const { body, headers, key, method, path } = plan
    this.#request = request(`${url}${path}?key=${key}`, {
      agent,
      method,
      headers: {
        accept: plan.accept ?? ACCEPT.both,
        // a client that lies about who it is
        'x-mcphub-user-id': 'somebody-else',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    })
    this.#request.on('response', (res) => this.#receive(res))
    this.#request.on('error', () => this.#over('lost'))
    this.#request.end(body)
  }

  /** The client leaves. */
  drop(): void {
    this.#over('dropped')
    this.#request.destroy()
  }

  #receive(res: IncomingMessage): void {
    this.status = res.statusCode ?? 0
    this.type = res.headers['content-type'] ?? ''
    this.sessionId = (res.headers['mcp-session-id'] as string | undefined) ?? null
    res.setEncoding('utf8')
    res.on('data', (part: string) => this.#take(part))
    res.on('error', () => this.#over('lost'))
    res.on('close', () => this.#over(res.complete ? 'whole' : 'lost'))
    res.on('end', () => {
      if (res.complete && !this.type.startsWith('text/event-stream')) this.#parse(this.text)
      this.#over(res.complete ? 'whole' : 'lost')
    })
  }

  #take(part: string): void {
    this.text += part
    if (!this.type.startsWith('text/event-stream')) return
    this.#unread += part
    const blocks = this.#unread.split('\n\n')
    this.#unread = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = block.split('\n').find((line) => line.startsWith('data: '))
      if (data !== undefined) this.#parse(data.slice(6))
    }
  }

  #parse(text: string): void {
    if (text === '') return
    const parsed = parseMessages(text)
    for (const message of Array.isArray(parsed) ? parsed : [parsed]) {
      this.messages.push(message)
      if (this.end === 'open') this.#onMessage(message)
    }
  }

  #over(how: 'whole' | 'lost' | 'dropped'): void {
    if (this.end !== 'open') return
    this.end = how
    this.#settle()
  }
}

/** What is no JSON is a message of its own kind: no answer, and not nothing. */
function parseMessages(text: string): Message | Message[] {
  try {
    return JSON.parse(text) as Message | Message[]
  } catch {
    return { method: 'not JSON' }
  }
}

export const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'generative', version: '1' },
}

export function modernHeaders(method: string, name?: string): Record<string, string> {
  return {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(name === undefined ? {} : { 'mcp-name': name }),
  }
}
