// A client of one connection in either era, whose requests are made of text: as cheap as a load generator has to be.
import { buildBare, buildPost, WireConnection, type WireAnswer } from '../test/kit/wire.ts'

export type ClientEra = 'legacy' | 'modern'

export interface ClientOptions {
  readonly port: number
  readonly path: string
  readonly token: string
  /** servers without users take the token as a header; the gateway sets it itself */
  readonly sendToken: boolean
  readonly era: ClientEra
}

const VERSION = { legacy: '2025-11-25', modern: '2026-07-28' } as const
const CLIENT_INFO = { name: 'load', version: '1.0.0' }
const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': VERSION.modern,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
}
const INITIALIZE = { protocolVersion: VERSION.legacy, capabilities: {}, clientInfo: CLIENT_INFO }
const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}'

export interface RpcRequest {
  readonly id: number
  readonly method: string
  readonly params?: Record<string, unknown>
  /** of a tool: 2026-07-28 wants it as a header too */
  readonly name?: string
  readonly progressToken?: number
}

export class WireClient {
  readonly options: ClientOptions
  #connection: WireConnection | null = null
  readonly #headers: Record<string, string>

  constructor(options: ClientOptions) {
    this.options = options
    this.#headers = { 'mcp-protocol-version': VERSION[options.era] }
    if (options.sendToken) this.#headers['x-bench-token'] = options.token
  }

  /** 2025-11-25: initialize and initialized. 2026-07-28 has no sessions. */
  async open(): Promise<void> {
    if (this.options.era === 'modern') return
    const opened = await this.request({ id: 0, method: 'initialize', params: INITIALIZE })
    const id = /\r\nmcp-session-id: *([^\r]+)/i.exec(opened.headers)?.[1]
    if (opened.status !== 200 || id === undefined)
      throw new Error(`initialize: ${opened.status} ${opened.body.slice(0, 300)}`)
    this.#headers['mcp-session-id'] = id
    await this.#send(buildPost(this.options.path, this.#headers, INITIALIZED))
  }

  request(rpc: RpcRequest): Promise<WireAnswer> {
    return this.#send(this.buildRequest(rpc))
  }

  /** The bytes of a request, for whoever reads the answer in a way of their own. */
  buildRequest({ id, method, params = {}, name, progressToken }: RpcRequest): string {
    const isModern = this.options.era === 'modern'
    const token = progressToken === undefined ? {} : { progressToken }
    const meta = isModern ? { ...MODERN_META, ...token } : token
    const all = Object.keys(meta).length === 0 ? params : { ...params, _meta: meta }
    const own: Record<string, string> = isModern ? { 'mcp-method': method } : {}
    if (isModern && name !== undefined) own['mcp-name'] = name
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params: all })
    return buildPost(this.options.path, { ...this.#headers, ...own }, body)
  }

  /** The bytes of the request for the session's stream. */
  buildGet(): string {
    return buildBare('GET', this.options.path, this.#headers)
  }

  /** DELETE: the session ends, the connection stays. After `close` each request makes a new one. */
  async end(): Promise<WireAnswer> {
    const answer = await this.#send(buildBare('DELETE', this.options.path, this.#headers))
    delete this.#headers['mcp-session-id']
    return answer
  }

  close(): void {
    this.#connection?.close()
    this.#connection = null
  }

  /** Connects with the first request. */
  #send(request: string): Promise<WireAnswer> {
    this.#connection ??= new WireConnection(this.options.port)
    return this.#connection.send(request)
  }
}
