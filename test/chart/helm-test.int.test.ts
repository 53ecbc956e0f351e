// The script of `helm test` and its canary server, run as they are: the script against a hub that is all pretence, the server over its pipes.
// In a real cluster test/e2e-cluster runs them; here it is shown that every leak makes the script fail, and that its users always go.
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttp } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { CHART } from './helm.ts'

const SCRIPT = path.join(CHART, 'files/helm-test.mjs')
const CANARY = path.join(CHART, 'files/probe-server.mjs')
const ADDRESSES: Readonly<Record<string, string>> = { a: '10.244.0.7', b: '10.244.0.8' }

let folder: string
let servers: Server[]
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'mcphub-helm-test-'))
  servers = []
  // makes users as the gateway's sub-command does, and writes down what it was asked for
  const code = `const { appendFileSync } = await import('node:fs')
  const [, , command, ...args] = process.argv
  if (command !== 'canary-users') throw new Error(command)
  appendFileSync('asked', args.join(' ') + '\\n')
  if (args[0] === 'create') console.log(JSON.stringify(args.slice(1).map((username) => ({ id: 'id-' + username, username, key: username }))))`
  writeFileSync(path.join(folder, 'main.mjs'), code)
})
afterEach(() => {
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function listen<T extends Server>(server: T): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

interface ToolCall {
  readonly params: { readonly name: string; readonly arguments: { readonly host: string; readonly port: number } }
}

/** What a pretended sandbox reaches: `user host:port`. Its own loopback always answers, as the canary's listener does. */
type Leaks = (user: string, target: string) => boolean

const startHub = (leaks: Leaks, where: (user: string) => string): Promise<number> =>
  listen(
    createHttp((request, response) => {
      const user = request.headers.authorization!.slice('Bearer '.length)
      let text = ''
      request.on('data', (chunk: Buffer) => (text += chunk.toString()))
      request.on('end', () => {
        const { name, arguments: wanted } = (JSON.parse(text) as ToolCall).params
        const target = `${wanted.host}:${wanted.port}`
        const open = target === '127.0.0.1:8479' || leaks(user, target)
        const said = name === 'where' ? where(user) : open ? 'open' : 'closed'
        const result = { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: said }] } }
        response
          .writeHead(200, { 'content-type': 'text/event-stream' })
          .end(`event: message\ndata: ${JSON.stringify(result)}\n\n`)
      })
    }),
  )

interface Outcome {
  readonly code: number
  readonly said: string
  readonly asked: string[]
}

async function runTest(
  options: { leaks?: Leaks; where?: (user: string) => string; env?: object } = {},
): Promise<Outcome> {
  const where = options.where ?? ((user) => ADDRESSES[user]!)
  const hub = await startHub(options.leaks ?? (() => false), where)
  const [api, database] = [
    await listen(createServer((socket) => socket.end())),
    await listen(createServer((socket) => socket.end())),
  ]
  const env = {
    HUB_URL: `http://127.0.0.1:${hub}`,
    HUB_HOST: '127.0.0.1',
    HUB_PORT: String(hub),
    CANARY_SERVER: 'canary',
    CANARY_USERS: 'a,b',
    DATABASE_HOST_URL: `postgresql://mcphub:secret@127.0.0.1:${database}/mcphub`,
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String(api),
    ...options.env,
  }
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  execFile(process.execPath, [SCRIPT], { cwd: folder, env, timeout: 60_000 }, (error, stdout, stderr) => {
    let asked = ''
    try {
      asked = readFileSync(path.join(folder, 'asked'), 'utf8')
    } catch {
      // it asked for nothing
    }
    resolve({ code: error ? Number(error.code) : 0, said: stdout + stderr, asked: asked.split('\n').filter(Boolean) })
  })
  return promise
}

test('all shut off: ends with 0, says what was proven, and takes its users away', async () => {
  const { code, said, asked } = await runTest()
  expect(said).not.toContain('FAILED')
  expect(said).toContain("ok     a does not reach the other's pod (10.244.0.8:8477)")
  expect(said).toContain("ok     b does not reach a server in the other's pod (10.244.0.7:8479)")
  for (const what of ['the API server', 'the metadata address', 'the database', 'the REST port of the hub'])
    expect(said).toMatch(new RegExp(`ok {5}a does not reach ${what}`))
  expect(said).toContain('all is shut off')
  expect(said).not.toContain('secret')
  expect(code).toBe(0)
  expect(asked).toEqual(['create a b', 'remove id-a id-b'])
})

test.each([
  ["the other's pod", (user: string, target: string) => user === 'a' && target === '10.244.0.8:8477'],
  ["a server in the other's pod", (user: string, target: string) => user === 'b' && target === '10.244.0.7:8479'],
  ['the metadata address', (_: string, target: string) => target.startsWith('169.254.169.254')],
  ['the API server', (user: string, target: string) => user === 'b' && target.startsWith('127.0.0.1:')],
])('whoever reaches %s makes it fail, and the users go all the same', async (what, leaks) => {
  const { code, said, asked } = await runTest({ leaks })
  expect(said).toMatch(new RegExp(`FAILED [ab] does not reach ${what}`))
  expect(code).toBe(1)
  expect(asked.at(-1)).toBe('remove id-a id-b')
})

test('two users in one pod make it fail', async () => {
  const { code, said } = await runTest({ where: () => '10.244.0.7' })
  expect(said).toContain('FAILED two users, two pods')
  expect(code).toBe(1)
})

test('what does not answer at all proves nothing: a target that the test itself cannot reach makes it fail', async () => {
  const { code, said } = await runTest({ env: { KUBERNETES_SERVICE_PORT: '1' } })
  expect(said).toContain('FAILED the API server (127.0.0.1:1) answers this test itself')
  expect(code).toBe(1)
})

test('without a digest it is skipped, and says why', async () => {
  const { code, said, asked } = await runTest({ env: { CANARY_SERVER: '' } })
  expect(said).toContain('skipped: a McpServer names its image by digest; set images.sandboxNode.digest')
  expect(code).toBe(0)
  expect(asked).toEqual([])
})

test('the canary server speaks MCP, tells its address, and tells open from closed', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', readFileSync(CANARY, 'utf8')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  async function ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })}\n`)
    const { value } = await lines.next()
    return JSON.parse(value as string) as Record<string, unknown>
  }
  const call = async (name: string, args: object): Promise<unknown> => {
    const { result } = await ask('tools/call', { name, arguments: args })
    return (result as { content: { text: string }[] }).content[0]!.text
  }
  expect(await ask('initialize', { protocolVersion: '2025-11-25' })).toMatchObject({
    result: { protocolVersion: '2025-11-25', capabilities: { tools: {} } },
  })
  expect(await ask('tools/list')).toMatchObject({ result: { tools: [{ name: 'where' }, { name: 'connect' }] } })
  expect(await ask('prompts/list')).toMatchObject({ error: { code: -32601 } })
  expect(await call('where', {})).toMatch(/^[\d.:a-f% ]*$/)
  const port = await listen(createServer((socket) => socket.end()))
  expect(await call('connect', { host: '127.0.0.1', port })).toBe('open')
  expect(await call('connect', { host: '127.0.0.1', port: 1 })).toBe('refused')
  const ended = new Promise((resolve) => child.on('exit', resolve))
  child.stdin.end()
  expect(await ended).toBe(0)
})
