// A small stdio MCP server for tests of the hub's stdio side: `tools/call` does what the tool's name says. Odd, and partly hostile.
import { createInterface } from 'node:readline'

interface Message {
  readonly id?: string | number
  readonly method?: string
  readonly params?: {
    readonly name?: string
    readonly arguments?: Record<string, unknown>
    readonly capabilities?: unknown
    readonly _meta?: Record<string, unknown>
  }
  readonly result?: unknown
  readonly error?: unknown
}

const write = (value: unknown) =>
  void process.stdout.write(`${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
const text = (id: unknown, value: string) =>
  write({ result: { content: [{ type: 'text', text: value }] }, jsonrpc: '2.0', id })

let capabilities: unknown = null
let canceled = 0
let lastAnswer: Message | null = null
let onAnswer: ((answer: Message) => void) | null = null

function ask(then: (answer: Message) => void): void {
  onAnswer = then
  write({ jsonrpc: '2.0', id: 0, method: 'elicitation/create', params: { message: 'who?' } })
}

const TOOLS: Readonly<Record<string, (message: Message, args: Record<string, unknown>) => void>> = {
  pid: ({ id }) => text(id, String(process.pid)),
  echo: ({ id }, args) => text(id, JSON.stringify(args)),
  env: ({ id }) => text(id, JSON.stringify(process.env)),
  argv: ({ id }) => text(id, JSON.stringify(process.argv.slice(2))),
  capabilities: ({ id }) => text(id, JSON.stringify(capabilities)),
  canceled: ({ id }) => text(id, String(canceled)),
  hang: () => undefined,
  exit: (_message, args) => process.exit(Number(args['code'] ?? 0)),
  shuffled: ({ id }, args) => void setTimeout(() => text(id, JSON.stringify(args)), Math.random() * 20),
  large: ({ id }, args) => text(id, 'x'.repeat(Number(args['times']))),
  log: ({ id }) => {
    write({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'private' } })
    text(id, 'logged')
  },
  progress: ({ id, params }, args) => {
    for (let progress = 1; progress <= Number(args['steps']); progress++) {
      const progressToken = params?._meta?.['progressToken']
      write({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress } })
    }
    text(id, 'done')
  },
  /** log lines, each of so many small values, and then its answer */
  chatter: ({ id }, args) => {
    const data = Array.from({ length: Number(args['values']) }, () => [1, { a: 2 }])
    const line = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data } })
    for (let said = 0; said < Number(args['lines']); said++) write(line)
    text(id, 'talked')
  },
  deep: ({ id }) =>
    write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${'{"a":'.repeat(100)}1${'}'.repeat(101)}`),
  garbage: ({ id }, args) => {
    for (let line = 0; line < Number(args['lines']); line++) write(`Debug: this is line ${line}, not MCP`)
    text(id, 'after garbage')
  },
  both: ({ id }) => write({ jsonrpc: '2.0', id, result: {}, error: { code: 1, message: 'both' } }),
  scalarResult: ({ id }) => write({ jsonrpc: '2.0', id, result: 'text' }),
  noVersion: ({ id }) => write({ id, result: {} }),
  twice: ({ id }) => {
    text(id, 'first')
    text(id, 'second')
    text('unknown', 'third')
  },
  elicit: ({ id }) => ask(({ result, error }) => text(id, JSON.stringify({ result, error }))),
  elicitSoon: ({ id }) =>
    void setTimeout(() => ask(({ result, error }) => text(id, JSON.stringify({ result, error }))), 150),
  elicitLater: ({ id }) => {
    text(id, 'later')
    setTimeout(() => ask(() => undefined), 50)
  },
  lastAnswer: ({ id }) => text(id, JSON.stringify(lastAnswer)),
}

function receive(message: Message): void {
  const { id, method, params } = message
  if (method === undefined) {
    lastAnswer = message
    onAnswer?.(message)
    return
  }
  if (method === 'initialize') {
    capabilities = params?.capabilities
    const serverInfo = { name: 'odd', version: '1' }
    write({ jsonrpc: '2.0', id, result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo } })
  } else if (method === 'notifications/cancelled') canceled++
  else if (method === 'tools/list') write({ jsonrpc: '2.0', id, result: { tools: [] } })
  else if (method === 'tools/call') TOOLS[params?.name ?? '']?.(message, params?.arguments ?? {})
  else if (id !== undefined) write({ jsonrpc: '2.0', id, error: { code: -32_601, message: 'Method not found' } })
}

process.stdout.on('error', () => process.exit(0))
createInterface({ input: process.stdin }).on('line', (line) => receive(JSON.parse(line) as Message))
