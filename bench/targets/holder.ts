// What it costs to hold a stream with node:http and nothing else. A GET gets the head of a stream, a POST an acknowledgement too; both stay open.
import { createServer, type ServerResponse } from 'node:http'

const open = new Set<ServerResponse>()
const ACKNOWLEDGED =
  'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{}}\n\n'

function hold(res: ServerResponse): void {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  res.flushHeaders()
  open.add(res)
  res.on('close', () => open.delete(res))
}

const server = createServer((req, res) => {
  if (req.method === 'GET') return hold(res)
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString('utf8'))
    hold(res)
    res.write(ACKNOWLEDGED)
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`)
})
process.on('disconnect', () => process.exit(0))
