#!/usr/bin/env node
// A stdio MCP server (2025-11-25) without dependencies that shows what it was given and misbehaves on demand. For tests.
import { spawn } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const state = new Map()
let calls = 0

const text = (value) => ({ content: [{ type: 'text', text: String(value) }] })
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const tools = {
  /** HMAC of the challenge under this child's own secret: proves whose child answered. */
  nonce: ({ challenge }) =>
    text(
      createHmac('sha256', process.env.PROBE_SECRET ?? 'none')
        .update(String(challenge))
        .digest('hex'),
    ),
  env: () => text(JSON.stringify(process.env)),
  set: ({ value }) => text((state.set('value', value), 'ok')),
  get: () => text(state.get('value') ?? 'nothing'),
  count: () => text(++calls),
  whoami: () => text(JSON.stringify({ pid: process.pid, uid: process.getuid?.(), cwd: process.cwd() })),
  read: ({ path }) => text(readFileSync(path, 'utf8')),
  /** One line in a file for each run of this call: a call made twice leaves two. */
  mark: ({ file, id }) => text((appendFileSync(file, `${id}\n`), 'marked')),
  slow: async ({ ms, value }) => (await wait(ms), text(value ?? 'late')),
  async progress({ steps }, meta) {
    for (let step = 1; step <= steps; step++) {
      send({
        method: 'notifications/progress',
        params: { progressToken: meta?.progressToken, progress: step, total: steps },
      })
      await wait(5)
    }
    return text('done')
  },
  /** Leaves a grandchild in a session of its own that ignores signals; answers with a word in its environment: a pid means nothing outside. */
  fork() {
    const script = "for (const s of ['SIGTERM','SIGINT','SIGHUP']) process.on(s, () => {}); setInterval(() => {}, 1000)"
    const word = `grandchild-${randomUUID()}`
    const env = { ...process.env, PROBE_GRANDCHILD: word }
    spawn(process.execPath, ['-e', script], { detached: true, stdio: 'ignore', env }).unref()
    return text(word)
  },
  crash: () => process.exit(1),
  log: ({ line }) => (process.stderr.write(`${line}\n`), text('logged')),
}

const schema = { type: 'object', additionalProperties: true }

async function handle({ id, method, params }) {
  switch (method) {
    case 'initialize':
      return send({
        id,
        result: {
          protocolVersion: '2025-11-25',
          capabilities: { tools: {} },
          serverInfo: { name: 'probe-server', version: '1.0.0' },
        },
      })
    case 'ping':
      return send({ id, result: {} })
    case 'tools/list':
      return send({ id, result: { tools: Object.keys(tools).map((name) => ({ name, inputSchema: schema })) } })
    case 'tools/call': {
      const tool = tools[params.name]
      if (!tool) return send({ id, error: { code: -32602, message: `Unknown tool: ${params.name}` } })
      try {
        return send({ id, result: await tool(params.arguments ?? {}, params._meta) })
      } catch (error) {
        return send({ id, result: { ...text(error.message), isError: true } })
      }
    }
    default:
      if (id !== undefined) send({ id, error: { code: -32601, message: 'Method not found' } })
  }
}

createInterface({ input: process.stdin }).on('line', (line) => void handle(JSON.parse(line)))
