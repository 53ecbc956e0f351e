// A plain HTTP client for tests: no MCP knowledge beyond the two forms of an answer.
import { request, type IncomingHttpHeaders } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers freely
  readonly json: any
}

interface Target {
  readonly url: string
}

export interface SendOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer | null
  readonly chunked?: boolean
}

const ACCEPT = 'application/json, text/event-stream'

export function send(world: Target, path: string, options: SendOptions = {}): Promise<Answer> {
  const { method = 'POST', body = null } = options
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = {
      accept: ACCEPT,
      ...(body === null ? {} : { 'content-type': 'application/json' }),
      ...(body === null || options.chunked ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      ...options.headers,
    }
    const req = request(world.url + path, { method, headers, agent: false }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text, json: parse(text) })
      })
    })
    req.on('error', reject)
    req.end(body ?? undefined)
  })
}

export function post(
  world: Target,
  path: string,
  key: string,
  ...[message, headers = {}]: [message: unknown, headers?: Readonly<Record<string, string>>]
): Promise<Answer> {
  return send(world, `${path}?key=${key}`, { body: JSON.stringify(message), headers })
}

export interface Events {
  readonly messages: unknown[]
  readonly comments: string[]
  isClosed(): boolean
  close(): void
}

/** GET, or POST with a message; resolves when the head is there (`waits`), or when the request is sent. */
export function openEvents(
  world: Target,
  path: string,
  headers: Readonly<Record<string, string>>,
  ...[message, waits = true]: [message?: unknown, waits?: boolean]
): Promise<Events> {
  return new Promise((resolve, reject) => {
    const body = message === undefined ? null : JSON.stringify(message)
    const all = { accept: body === null ? 'text/event-stream' : ACCEPT, 'content-type': 'application/json', ...headers }
    const req = request(world.url + path, { method: body === null ? 'GET' : 'POST', headers: all, agent: false })
    const messages: unknown[] = []
    const comments: string[] = []
    let closed = false
    let text = ''
    const events: Events = { messages, comments, isClosed: () => closed, close: () => req.destroy() }
    req.on('response', (res) => {
      if (res.statusCode !== 200) return reject(new Error(`HTTP ${res.statusCode}`))
      res.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8')
        const blocks = text.split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) {
          const data = block.split('\n').find((line) => line.startsWith('data: '))
          if (data === undefined) comments.push(block)
          else messages.push(JSON.parse(data.slice(6)))
        }
      })
      res.on('close', () => {
        closed = true
      })
      res.on('error', () => undefined)
      resolve(events)
    })
    req.on('error', (error) => (closed ? undefined : reject(error)))
    req.end(body ?? undefined, () => {
      if (!waits) resolve(events)
    })
  })
}

export function rpc(id: string | number, method: string, params?: object): object {
  return { jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) }
}

export function modernBody(id: string | number, method: string, params: object = {}, revision = '2026-07-28'): object {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  }
  return rpc(id, method, { ...params, _meta: meta })
}

export function modernHeaders(method: string, name?: string): Record<string, string> {
  return {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(name === undefined ? {} : { 'mcp-name': name }),
  }
}

/** Waits for a condition, ten seconds at most. */
export async function until(condition: () => boolean, mostMs = 10_000): Promise<void> {
  const deadline = performance.now() + mostMs
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition did not come true')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
