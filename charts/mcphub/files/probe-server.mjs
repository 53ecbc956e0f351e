// The canary of `helm test`: a stdio MCP server whose two tools tell its own addresses and whether a TCP connection opens.
import net from 'node:net'
import os from 'node:os'
import { createInterface } from 'node:readline'

const connect = ({ host, port }) =>
  new Promise((resolve) => {
    const socket = net.connect({ host, port: Number(port), timeout: 3000 })
    const end = (word) => resolve(socket.destroy() && word)
    socket.on('connect', () => end('open')).on('timeout', () => end('closed')).on('error', (e) => end(e.code === 'ECONNREFUSED' ? 'refused' : 'closed'))
  })
const addresses = () => Object.values(os.networkInterfaces()).flat().filter((each) => !each.internal).map((each) => each.address)
// something of its own that does answer: a probe that always says "closed" would prove nothing
const own = net.createServer((socket) => socket.end()).listen(8479)
const object = { type: 'object' }
const TOOLS = {
  where: { inputSchema: object, call: async () => addresses().join(' ') },
  connect: {
    inputSchema: { ...object, properties: { host: { type: 'string' }, port: { type: 'integer' } }, required: ['host', 'port'] },
    call: connect,
  },
}
const METHODS = {
  initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'canary', version: '1' } }),
  ping: () => ({}),
  'tools/list': () => ({ tools: Object.entries(TOOLS).map(([name, { inputSchema }]) => ({ name, inputSchema })) }),
  'tools/call': async (params) => ({ content: [{ type: 'text', text: await TOOLS[params.name].call(params.arguments ?? {}) }] }),
}
async function answer(line) {
  const { id, method, params = {} } = JSON.parse(line)
  if (id === undefined) return
  const outcome = METHODS[method] ? { result: await METHODS[method](params) } : { error: { code: -32601, message: 'Method not found' } }
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...outcome }) + '\n')
}
const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => void answer(line))
lines.on('close', () => own.close() && process.exit())
