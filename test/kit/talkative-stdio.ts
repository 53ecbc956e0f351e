// The same over pipes; `modern` as its argument makes it refuse initialize.
import { createInterface } from 'node:readline'
import { talk } from './talkative-server.ts'

const other = process.argv[2] === 'modern' ? 'initialize' : 'server/discover'
const write = (out: object) => void process.stdout.write(`${JSON.stringify(out)}\n`)
const canceled: unknown[] = []

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line) as { readonly id?: string; readonly method?: string }
  if (message.method === other) write({ jsonrpc: '2.0', id: message.id, error: { code: -32601, message: 'no' } })
  else talk(message, write, canceled)
})
