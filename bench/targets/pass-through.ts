// The Node floor: node:http in, undici `dispatch` out, bytes as they are, no MCP knowledge. Usage: node pass-through.ts <upstream port>.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Pool } from 'undici'

/** As many calls at once as the gateway lets through to one server (`LIMITS.callsPerServer`): with fewer sockets some wait, which is cheap to do and slow to get. */
const CONNECTIONS = 256

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, {
  connections: CONNECTIONS,
  headersTimeout: 0,
  bodyTimeout: 0,
})
const KEPT = [
  'content-type',
  'accept',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'x-bench-token',
]

function headersOf(req: IncomingMessage): string[] {
  const headers: string[] = []
  for (const name of KEPT) {
    const value = req.headers[name]
    if (typeof value === 'string') headers.push(name, value)
  }
  return headers
}

function forward(req: IncomingMessage, res: ServerResponse, body: Buffer): void {
  pool.dispatch(
    { path: req.url ?? '/', method: req.method as 'POST' | 'DELETE', headers: headersOf(req), body },
    {
      onRequestStart() {},
      onResponseStart(_controller, status, headers) {
        const kept: Record<string, string> = {}
        for (const name of ['content-type', 'content-length', 'mcp-session-id']) {
          const value = headers[name]
          if (typeof value === 'string') kept[name] = value
        }
        res.writeHead(status, kept)
      },
      onResponseData(_controller, chunk) {
        res.write(chunk)
      },
      onResponseEnd() {
        res.end()
      },
      onResponseError() {
        res.destroy()
      },
    },
  )
}

const server = createServer((req, res) => {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => forward(req, res, Buffer.concat(chunks)))
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`)
})
process.on('disconnect', () => process.exit(0))
