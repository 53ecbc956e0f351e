// An HTTP server of its own process, to be killed: a call writes one line into a file, waits a little and answers with what it was given.
// Usage: node stand-in-upstream.ts <port, 0 picks one> <file>; tells its port to its parent.
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Rpc {
  readonly id?: number | string
  readonly method?: string
  readonly params?: { readonly arguments?: { readonly id?: string; readonly ms?: number } }
}

const [port = '0', file = '/dev/null'] = process.argv.slice(2)

function answer({ method, params }: Rpc): object {
  if (method === 'tools/call') return { content: [{ type: 'text', text: params?.arguments?.id ?? '' }] }
  if (method === 'tools/list') return { tools: [{ name: 'mark', inputSchema: { type: 'object' } }] }
  return { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'stand-in', version: '1' } }
}

const server = createServer((req, res) => {
  let text = ''
  req.on('data', (chunk) => (text += String(chunk)))
  req.on('end', () => {
    const rpc = (text === '' ? {} : JSON.parse(text)) as Rpc
    if (rpc.id === undefined) return void res.writeHead(req.method === 'POST' ? 202 : 405).end()
    const isKnown = rpc.method !== 'server/discover'
    const { id, ms = 0 } = rpc.params?.arguments ?? {}
    if (rpc.method === 'tools/call') appendFileSync(file, `${id}\n`)
    setTimeout(() => {
      res.writeHead(isKnown ? 200 : 400, { 'content-type': 'application/json' })
      const error = { code: -32_601, message: 'Method not found' }
      res.end(JSON.stringify({ jsonrpc: '2.0', id: rpc.id, ...(isKnown ? { result: answer(rpc) } : { error }) }))
    }, ms)
  })
})
server.listen(Number(port), '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('disconnect', () => process.exit(0))
