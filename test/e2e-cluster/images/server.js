#!/usr/bin/env node
// The stdio MCP server (2025-11-25) that the stories run in pods, without dependencies: shows what it was given, and attacks on demand.
import { spawn } from 'node:child_process'
import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { closeSync, openSync, readFileSync, readdirSync, statSync, writeSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { createInterface } from 'node:readline'
import { connect as connectTls } from 'node:tls'

const state = new Map()
const questions = new Map()
let calls = 0
let cancels = 0

const text = (value) => ({
  content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }],
})
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Whether a connection opens: 'open', or the system's code, or 'silence' (forbidden is dropped). */
const knock = ({ host, port, ms = 1500 }) =>
  new Promise((resolve) => {
    const socket = connect({ host, port })
    const end = (word) => (socket.destroy(), resolve(word))
    socket.once('connect', () => end('open'))
    socket.once('error', ({ code }) => end(code))
    setTimeout(end, ms, 'silence')
  })

/** What a TLS server answers to these bytes, its certificate unchecked; a word instead where there is none. */
const talkWith = ({ host, port, ms = 2000 }, makeBytes) =>
  new Promise((resolve) => {
    const chunks = []
    const socket = connectTls({ host, port, rejectUnauthorized: false })
    const end = (word) => (
      socket.destroy(),
      resolve(chunks.length > 0 ? Buffer.concat(chunks).toString('latin1') : word)
    )
    socket.on('secureConnect', () => socket.write(makeBytes(socket)))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.once('error', ({ code }) => end(code))
    socket.once('close', () => end('closed'))
    setTimeout(end, ms, 'silence')
  })
const talk = (options) => talkWith(options, () => options.send ?? '')

/** A gateway's greeting to the shim of that pod, right in everything but the key that signed it. */
function makeHello(socket, podUid) {
  const { privateKey } = generateKeyPairSync('ed25519')
  const fingerprint = socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase()
  const exported = socket.exportKeyingMaterial(32, 'EXPORTER-mcphub-shim', Buffer.alloc(0)).toString('hex')
  const signed = ['mcphub-shim/1 attach', podUid, fingerprint, 'thief', 'thief-', exported].join('\n')
  const signature = sign(null, Buffer.from(signed), privateKey).toString('base64')
  const payload = Buffer.from(JSON.stringify({ podUid, replica: 'thief', prefix: 'thief-', signature }))
  const head = Buffer.alloc(9)
  head.writeUInt32BE(head.length - 4 + payload.length, 0)
  head.writeUInt8(1, 4)
  return Buffer.concat([Buffer.from('MCPS\u0001'), head, payload])
}
const greet = (options) => talkWith(options, (socket) => makeHello(socket, options.podUid))

/** Status of an https request, the certificate unchecked; the system's code where there is none. */
const post = ({ host, port, path, token, body }) =>
  new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const sent = request({ host, port, path, headers, method: 'POST', rejectUnauthorized: false, timeout: 6000 })
    sent.on('response', (answer) => resolve((answer.resume(), answer.statusCode)))
    sent.on('timeout', () => sent.destroy()).on('error', ({ code }) => resolve(code))
    sent.end(JSON.stringify(body))
  })

const address = () =>
  Object.values(networkInterfaces())
    .flat()
    .find((one) => !one.internal)?.address

/** Every small file below a folder that this process can read. */
function readable(folder) {
  const found = {}
  const visit = (place) => {
    for (const entry of readdirSync(place, { withFileTypes: true })) {
      const path = `${place}/${entry.name}`
      try {
        if (entry.isDirectory()) visit(path)
        else if (statSync(path).size < 65536) found[path] = readFileSync(path, 'utf8')
      } catch {
        found[path] = null
      }
    }
  }
  try {
    visit(folder)
  } catch {
    return found
  }
  return found
}

/** Starts so many processes; answers how many the system let start. */
const forkMany = async ({ count }) => {
  const started = Array.from({ length: count }, () => {
    const child = spawn('/bin/sleep', ['60'], { stdio: 'ignore' })
    return new Promise((resolve) => child.once('spawn', () => resolve(true)).once('error', () => resolve(false)))
  })
  return (await Promise.all(started)).filter(Boolean).length
}

/** Writes so many MiB into a file; answers with the system's code where it stops. */
function fill({ path, mebibytes }) {
  const block = Buffer.alloc(1 << 20, 1)
  const file = openSync(path, 'w')
  try {
    for (let written = 0; written < mebibytes; written++) writeSync(file, block)
    return 'written'
  } catch ({ code }) {
    return code
  } finally {
    closeSync(file)
  }
}

function hog() {
  const all = []
  for (;;) all.push(Buffer.alloc(1 << 22, 1))
}

/** Asks the client something in the middle of a call. */
const ask = ({ message = 'who?' }) =>
  new Promise((resolve) => {
    const id = randomUUID()
    questions.set(id, (answer) => resolve(answer.result ?? answer.error))
    const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } }
    send({ id, method: 'elicitation/create', params: { message, requestedSchema } })
  })

const tools = {
  /** HMAC of the challenge under this child's own secret: proves whose child answered. */
  nonce: ({ challenge }) =>
    createHmac('sha256', process.env.SERVER_SECRET ?? 'none')
      .update(String(challenge))
      .digest('hex'),
  env: () => process.env,
  set: ({ value }) => (state.set('value', value), 'ok'),
  get: () => state.get('value') ?? 'nothing',
  count: () => ++calls,
  /** how many calls it was told to give up */
  cancels: () => cancels,
  whoami: () => ({ pid: process.pid, uid: process.getuid(), cwd: process.cwd(), pod: hostname(), address: address() }),
  slow: async ({ ms, value = 'late' }) => (await wait(ms), value),
  ask,
  /** One tool more, and the news of it. */
  push: () => {
    tools[`pushed-${Object.keys(tools).length}`] = () => 'here'
    send({ method: 'notifications/tools/list_changed' })
    return 'pushed'
  },
  log: ({ line }) => (process.stderr.write(`${line}\n`), 'logged'),
  crash: () => process.exit(3),
  knock,
  talk,
  greet,
  post,
  readable: ({ folder }) => readable(folder),
  read: ({ path }) => readFileSync(path, 'utf8'),
  environments: () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/environ`, 'utf8')
        } catch ({ code }) {
          return code
        }
      }),
  forkMany,
  fill,
  hog,
}

async function handle({ id, method, params, result, error }) {
  if (method === undefined) return questions.get(id)?.({ result, error })
  switch (method) {
    case 'initialize':
      return send({
        id,
        result: {
          protocolVersion: '2025-11-25',
          capabilities: { tools: { listChanged: true } },
          serverInfo: { name: 'story-server', version: '1.0.0' },
        },
      })
    case 'notifications/cancelled':
      return void cancels++
    case 'ping':
      return send({ id, result: {} })
    case 'tools/list':
      return send({
        id,
        result: {
          tools: Object.keys(tools).map((name) => ({
            name,
            inputSchema: { type: 'object', additionalProperties: true },
          })),
        },
      })
    case 'tools/call': {
      const tool = tools[params.name]
      if (!tool) return send({ id, error: { code: -32602, message: `Unknown tool: ${params.name}` } })
      try {
        return send({ id, result: text(await tool(params.arguments ?? {})) })
      } catch (fault) {
        return send({ id, result: { ...text(fault.message), isError: true } })
      }
    }
    default:
      if (id !== undefined) send({ id, error: { code: -32601, message: 'Method not found' } })
  }
}

createInterface({ input: process.stdin }).on('line', (line) => void handle(JSON.parse(line)))
