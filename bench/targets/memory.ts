// The floor of a list: sends the page that is as the request's id says, from memory. Usage: node memory.ts <file of page 0> <file of page 1> …
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const pages = process.argv.slice(2).map((file) => readFileSync(file))

const server = createServer((req, res) => {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => {
    const { id, method } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { id: number; method: string }
    const page = method === 'tools/list' ? pages[id] : undefined
    const body = page ?? Buffer.from('{}')
    const head = { 'content-type': 'application/json', 'content-length': body.length, 'mcp-session-id': 'one' }
    res.writeHead(200, head).end(body)
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${JSON.stringify({ port: typeof address === 'object' ? address?.port : 0 })}\n`)
})
process.on('disconnect', () => process.exit(0))
