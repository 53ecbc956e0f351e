// The one place where a header to an upstream is written. Nothing of the client's own headers comes this far: every name here is the hub's or the
// manifest's. A value is checked before use, so that no exception of a lower layer can ever hold it (SEC-5).

/** A header of the manifest after its variables went in. */
export interface OwnHeader {
  readonly name: string
  readonly value: string
}

export interface ContextHeaders {
  readonly userId: string | null
  /** the downstream session's public part; null = a request without a session */
  readonly sessionId: string | null
  /** revision spoken downstream */
  readonly revision: string
}

const VALUE = /^[\x20-\x7e]*$/
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Names a manifest may not set: they frame the message, name the protocol or identify the caller. */
const RESERVED = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'last-event-id',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const RESERVED_PREFIX = ['mcp-', 'x-mcphub-']

/** Why a manifest's header cannot be sent, or null. Never repeats the value. */
export function checkOwnHeader(name: string, value: string): string | null {
  const lower = name.toLowerCase()
  if (!NAME.test(name)) return 'its name is not a header name'
  if (RESERVED.has(lower) || RESERVED_PREFIX.some((prefix) => lower.startsWith(prefix))) {
    return 'this name is reserved to the hub'
  }
  if (!VALUE.test(value)) return 'its value holds characters that cannot stand in a header'
  if (value !== value.trim()) return 'its value begins or ends with a space'
  return null
}

/** Whether a field can be sent as it is. */
export function checkPair(name: string, value: string): boolean {
  return NAME.test(name) && VALUE.test(value)
}

/** Header fields in both forms in which they leave. */
export interface HeaderFields {
  /** name, value, … */
  readonly flat: readonly string[]
  /** as lines of HTTP/1.1 */
  readonly text: string
}

/** Header fields that many requests share, checked and written once. */
export class SharedHeaders implements HeaderFields {
  readonly flat: readonly string[]
  readonly text: string

  /** @throws Error without the value */
  constructor(flat: readonly string[]) {
    // joined, not added up: a text that is put together from thirty others takes three times its length for as long as it lives
    const parts: string[] = []
    for (let at = 0; at < flat.length; at += 2) {
      if (!checkPair(flat[at]!, flat[at + 1]!))
        throw new Error('a header of the hub holds characters that cannot be sent')
      parts.push(flat[at]!, ': ', flat[at + 1]!, '\r\n')
    }
    this.flat = flat
    this.text = parts.join('')
  }
}

/** Those of one link: what it shares with others, and for whom it speaks. Thousands of links idle, so this is put together with each request. */
export class LinkHeaders implements HeaderFields {
  readonly #shared: SharedHeaders
  readonly #userId: string | null
  readonly #sessionId: string | null
  readonly #revision: string | null

  /** `context` null: the server says `contextHeaders: None`. @throws Error without the value */
  constructor(shared: SharedHeaders, context: ContextHeaders | null) {
    this.#shared = shared
    this.#userId = context?.userId ?? null
    this.#sessionId = context?.sessionId ?? null
    this.#revision = context?.revision ?? null
    for (const value of [this.#userId, this.#sessionId, this.#revision]) {
      if (value !== null && !VALUE.test(value)) throw new Error('a context header holds characters that cannot be sent')
    }
  }

  get flat(): readonly string[] {
    return [...this.#shared.flat, ...this.#context()]
  }

  get text(): string {
    const context = this.#context()
    let { text } = this.#shared
    for (let at = 0; at < context.length; at += 2) text += `${context[at]!}: ${context[at + 1]!}\r\n`
    return text
  }

  #context(): string[] {
    const user = this.#userId
    const session = this.#sessionId
    if (this.#revision === null) return []
    const context = ['x-mcphub-protocol-version', this.#revision]
    if (user !== null) context.push('x-mcphub-user-id', user)
    if (user !== null && session !== null) context.push('x-mcphub-user-session-id', `${user}:${session}`)
    if (session !== null) context.push('x-mcphub-session-id', session)
    return context
  }
}

/** The headers of one request: those of its link, and its own (name, value, …), which are checked when they are written. */
export interface RequestHeaders {
  readonly shared: HeaderFields
  readonly own: string[]
}

export function flatten({ shared, own }: RequestHeaders): string[] {
  return [...shared.flat, ...own]
}

/** What is the same for every request with the same values. @throws Error without the value */
export function buildSharedHeaders(own: readonly OwnHeader[], userAgent: string): SharedHeaders {
  const headers = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream']
  headers.push('user-agent', userAgent)
  for (const { name, value } of own) headers.push(name.toLowerCase(), value)
  return new SharedHeaders(headers)
}

/** Headers of one request: the link's, and what only this request has. */
export function buildCallHeaders(
  shared: HeaderFields,
  call: {
    /** null: no context headers */
    readonly requestId: string | null
    readonly protocolVersion: string | null
    readonly mcpSessionId: string | null
  },
): RequestHeaders {
  const own: string[] = []
  if (call.protocolVersion !== null) own.push('mcp-protocol-version', call.protocolVersion)
  if (call.mcpSessionId !== null) own.push('mcp-session-id', call.mcpSessionId)
  if (call.requestId !== null) {
    own.push('x-mcphub-request-id', call.requestId, 'x-mcphub-timestamp', String(Date.now()))
  }
  return { shared, own }
}

/** Modern revision (2026-07-28): the method and its object mirrored, and the parameters a tool's schema asks for. */
export function addModernHeaders(
  headers: RequestHeaders,
  method: string,
  name: string | null,
  params: readonly OwnHeader[] = [],
): RequestHeaders {
  const { own } = headers
  own.push('mcp-method', encodeHeaderValue(method))
  if (name !== null) own.push('mcp-name', encodeHeaderValue(name))
  for (const param of params) own.push(`mcp-param-${param.name.toLowerCase()}`, encodeHeaderValue(param.value))
  return headers
}

/** W3C trace context, only in the shapes the standard allows. */
export function addTraceHeaders(
  headers: RequestHeaders,
  trace: Readonly<Record<string, string>> | undefined,
): RequestHeaders {
  if (!trace) return headers
  for (const name of ['traceparent', 'tracestate'] as const) {
    const value = trace[name]
    if (value !== undefined && value.length <= 512 && VALUE.test(value)) headers.own.push(name, value)
  }
  return headers
}

/** The GET of an event stream, legacy eras. */
export function buildStreamHeaders(
  shared: HeaderFields,
  call: {
    readonly protocolVersion: string | null
    readonly mcpSessionId: string | null
    readonly lastEventId: string | null
  },
): RequestHeaders {
  const flat = [...shared.flat]
  flat[flat.indexOf('accept') + 1] = 'text/event-stream'
  // a GET has no body to describe
  flat.splice(flat.indexOf('content-type'), 2)
  const headers = buildCallHeaders(new SharedHeaders(flat), { requestId: null, ...call })
  if (call.lastEventId !== null && VALUE.test(call.lastEventId) && call.lastEventId.length <= 1024) {
    headers.own.push('last-event-id', call.lastEventId)
  }
  return headers
}

/** 2026-07-28 streamable-http "Value Encoding": what cannot stand plainly goes as `=?base64?…?=`. */
export function encodeHeaderValue(value: string): string {
  const plain =
    value !== '' &&
    VALUE.test(value) &&
    value === value.trim() &&
    !(value.startsWith('=?base64?') && value.endsWith('?='))
  return plain ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`
}

/** What an upstream may name its session: visible ASCII (2025-11-25 transports), bounded; anything else is no session id. */
export function checkUpstreamSessionId(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 1024 && /^[\x21-\x7e]+$/.test(value)
}
