// A server with far more to say than a client that does not read can take: answers of nearly 8 MiB, streams of 56 MiB of notifications.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Torrent {
  readonly url: string
  /** bytes that the hub took */
  taken(): number
  /** bytes that there were to be had */
  offered(): number
  close(): Promise<void>
}

/** `pour`: an answer of nearly 8 MiB; `babble`: notifications of 60 MiB, then an answer. */
export async function openTorrent(): Promise<Torrent> {
  let taken = 0
  let offered = 0
  const write = async (res: ServerResponse, text: string): Promise<void> => {
    offered += text.length
    const fits = res.write(text)
    if (!fits && !res.destroyed) await drained(res)
    if (!res.destroyed) taken += text.length
  }
  const pour = async (res: ServerResponse, id: unknown, nonce: string): Promise<void> => {
    const piece = `${nonce} `.repeat(Math.floor((64 * 1024) / (nonce.length + 1)))
    res.writeHead(200, { 'content-type': 'application/json' })
    await write(res, `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[{"type":"text","text":"`)
    for (let n = 0; n < POURED_PIECES && !res.destroyed; n++) await write(res, piece)
    await write(res, '"}]}}')
    res.end()
  }
  const babble = async (res: ServerResponse, id: unknown): Promise<void> => {
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    const params = { level: 'info', data: 'x'.repeat(64 * 1024) }
    const notice = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params })
    for (let n = 0; n < 60 * 15 && !res.destroyed; n++) await write(res, `data: ${notice}\n\n`)
    res.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } })}\n\n`)
  }
  const server = createServer((req, res) => {
    let text = ''
    res.on('error', () => undefined)
    req.on('data', (chunk) => (text += String(chunk)))
    req.on('end', () => {
      const body = (text === '' ? {} : JSON.parse(text)) as {
        id?: unknown
        method?: string
        params?: { name?: string; arguments?: { nonce?: string } }
      }
      const reply = (result: object): void => {
        res.writeHead(200, { 'content-type': 'application/json' })
        res.end(JSON.stringify({ jsonrpc: '2.0', id: body.id, result }))
      }
      const { name, arguments: args } = body.params ?? {}
      if (body.id === undefined) res.writeHead(202).end()
      else if (body.method === 'tools/list')
        reply({ tools: ['pour', 'babble'].map((one) => ({ name: one, inputSchema: { type: 'object' } })) })
      else if (body.method === 'initialize') {
        reply({
          protocolVersion: '2025-11-25',
          capabilities: { tools: {} },
          serverInfo: { name: 'torrent', version: '1' },
        })
      } else if (name === 'pour') void pour(res, body.id, args?.nonce ?? '')
      else if (name === 'babble') void babble(res, body.id)
      else
        res
          .writeHead(400, { 'content-type': 'application/json' })
          .end('{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no"}}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    taken: () => taken,
    offered: () => offered,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      res.off('drain', go).off('close', go)
      resolve()
    }
    res.on('drain', go).on('close', go)
  })
}

/** pieces of a poured answer, each of 64 KiB at most */
export const POURED_PIECES = 120
