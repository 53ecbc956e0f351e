// A server that says much about a call, and goes on after its answer: `talk` counts to twenty, answers, and counts on; `hang` waits to be canceled.
// Over every transport; `talkative-stdio.ts` has it over pipes.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Message {
  readonly id?: string | number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
}

export const STEPS = 20

/** `write` in order; the answer is among what is written. Returns whether this was all. */
export function talk(message: Message, write: (out: object) => void, canceled: unknown[]): boolean {
  const { id, method, params } = message
  const serverInfo = { name: 'talkative', version: '1' }
  const result = (value: object) => write({ jsonrpc: '2.0', id, result: value })
  if (method === 'initialize') result({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo })
  else if (method === 'server/discover') {
    result({ resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: { tools: {} } })
  } else if (method === 'notifications/cancelled') canceled.push(params?.['requestId'])
  else if (method === 'tools/list') result({ tools: [] })
  else if (method === 'tools/call' && params?.['name'] === 'hang') return false
  else if (method === 'tools/call' && params?.['name'] === 'canceled') {
    result({ content: [{ type: 'text', text: JSON.stringify(canceled) }] })
  } else if (method === 'tools/call') {
    const { progressToken } = params!['_meta'] as { progressToken: unknown }
    const say = (progress: number) =>
      write({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress } })
    for (let step = 1; step <= STEPS; step++) say(step)
    result({ content: [{ type: 'text', text: 'done' }] })
    for (let step = 1; step <= STEPS; step++) say(STEPS + step)
  }
  return true
}

export type TalkativeKind = 'legacy' | 'modern' | 'sse'

export interface TalkativeServer {
  readonly url: string
  /** ids of calls that were canceled, or whose stream was closed by the other side */
  readonly canceled: unknown[]
  close(): Promise<void>
}

export async function openTalkative(kind: TalkativeKind): Promise<TalkativeServer> {
  const canceled: unknown[] = []
  let standing: ServerResponse | null = null
  const event = (res: ServerResponse | null, out: object) =>
    void res?.write(`event: message\ndata: ${JSON.stringify(out)}\n\n`)
  const openStream = (res: ServerResponse) =>
    res.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': 'one' })
  const onPost = (message: Message, res: ServerResponse) => {
    const isOther = message.method === (kind === 'modern' ? 'initialize' : 'server/discover')
    if (isOther) return res.writeHead(400).end()
    if (kind === 'sse') {
      res.writeHead(202).end()
      return void talk(message, (out) => event(standing, out), canceled)
    }
    if (message.id === undefined) {
      talk(message, () => undefined, canceled)
      return res.writeHead(202).end()
    }
    openStream(res).flushHeaders()
    res.on('close', () => {
      if (!res.writableFinished && kind === 'modern') canceled.push(message.id)
    })
    if (talk(message, (out) => event(res, out), canceled)) res.end()
  }
  const server = createServer((req, res) => {
    if (req.method === 'GET' && kind === 'sse') {
      standing = openStream(res)
      return void res.write('event: endpoint\ndata: /message\n\n')
    }
    if (req.method !== 'POST') return res.writeHead(405).end()
    let body = ''
    req.on('data', (chunk) => (body += String(chunk)))
    req.on('end', () => onPost(JSON.parse(body) as Message, res))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    canceled,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
