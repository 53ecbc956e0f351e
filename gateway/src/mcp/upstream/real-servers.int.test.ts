// The same links with real MCP servers from npm, over their own transports.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  makeOwner,
  makeRemote,
  makeStdio,
  openUpstreamWorld,
  type UpstreamWorld,
} from '../../../../test/kit/upstream-world.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import type { JsonObject } from './upstreams.ts'

const MODULES = new URL('../../../../node_modules/@modelcontextprotocol/', import.meta.url).pathname
const entryOf = (name: string) => join(MODULES, name, 'dist/index.js')
const alice = makeOwner('alice', { clientCapabilities: { elicitation: {}, sampling: {}, roots: {} } })
const bob = makeOwner('bob')
const signal = new AbortController().signal
let world: UpstreamWorld

beforeEach(async () => {
  world = await openUpstreamWorld({ idleMs: 10_000 })
})
afterEach(() => world.close())

const textOf = (answer: unknown) => (answer as { result: { content: { text: string }[] } }).result.content[0]!.text

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function startEverything(mode: string): Promise<{ readonly port: number; readonly process: ChildProcess }> {
  const port = await findPort()
  const env = { PATH: process.env['PATH'], PORT: String(port) }
  const child = spawn(process.execPath, [entryOf('server-everything'), mode], { env, stdio: 'ignore' })
  await waitUntil(
    async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/none`).catch(() => null)
      return answer !== null
    },
    `server-everything ${mode} listens`,
    20_000,
  )
  return { port, process: child }
}

describe.each([
  ['streamableHttp', '/mcp', 'StreamableHttp'],
  ['sse', '/sse', 'Sse'],
])('server-everything over %s', (mode, path, transport) => {
  let everything: Awaited<ReturnType<typeof startEverything>>
  let url: string
  beforeAll(async () => {
    everything = await startEverything(mode)
    url = `http://127.0.0.1:${everything.port}${path}`
  })
  afterAll(() => void everything.process.kill('SIGKILL'))
  const server = () => makeRemote('everything', url, {}, { transport })

  test('lists, calls, progress, prompts, resources', async () => {
    const { tools } = (await world.upstreams.ask(alice, server(), { method: 'tools/list' }, signal)) as { tools: [] }
    expect(tools.length).toBeGreaterThan(10)
    expect(textOf(await world.call(alice, server(), 'echo', { message: 'héllo' }))).toContain('héllo')
    const { sink } = world.start(alice, server(), {
      method: 'tools/call',
      params: {
        name: 'trigger-long-running-operation',
        arguments: { duration: 0.6, steps: 3 },
        _meta: { progressToken: 'mine' },
      },
    })
    expect((await sink.done).error).toBeNull()
    const progress = sink.notifications.filter((one) => one['method'] === 'notifications/progress')
    expect(progress.map((one) => (one['params'] as JsonObject)['progressToken'])).toEqual(['mine', 'mine', 'mine'])
    const prompts = await world.upstreams.ask(bob, server(), { method: 'prompts/list' }, signal)
    expect(prompts['prompts']).toBeInstanceOf(Array)
    const description = await world.upstreams.describe(bob, server(), signal)
    expect(description).toMatchObject({ era: 'legacy', revision: '2025-11-25' })
  })

  test('SES-5: sampling goes to the client whose call asked for it', async () => {
    const { sink } = world.start(alice, server(), {
      method: 'tools/call',
      params: { name: 'trigger-sampling-request', arguments: { prompt: 'say hi', maxTokens: 10 } },
    })
    sink.onRequest = (_method, respond) =>
      respond({ result: { role: 'assistant', content: { type: 'text', text: 'hi there' }, model: 'none' } })
    expect(JSON.stringify((await sink.done).json)).toContain('hi there')
    expect(sink.requests.map((one) => one.method)).toEqual(['sampling/createMessage'])
  })

  test('a lost session does not stop the next call but one', async () => {
    await world.call(bob, server(), 'echo', { message: 'one' })
    everything.process.kill('SIGKILL')
    everything = await startEverythingOn(everything.port, mode)
    await world.call(bob, server(), 'echo', { message: 'two' }).catch(() => undefined)
    expect(textOf(await world.call(bob, server(), 'echo', { message: 'three' }))).toContain('three')
  })
})

async function startEverythingOn(port: number, mode: string): Promise<Awaited<ReturnType<typeof startEverything>>> {
  const env = { PATH: process.env['PATH'], PORT: String(port) }
  const child = spawn(process.execPath, [entryOf('server-everything'), mode], { env, stdio: 'ignore' })
  const listens = async () => (await fetch(`http://127.0.0.1:${port}/none`).catch(() => null)) !== null
  await waitUntil(listens, 'it listens again', 20_000)
  return { port, process: child }
}

describe('stdio', () => {
  let folder: string
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'mcphub-real-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('server-memory: each user has a graph of their own', async () => {
    world.variables.set('alice', 'USER_GRAPH', join(folder, 'alice.json'))
    world.variables.set('bob', 'USER_GRAPH', join(folder, 'bob.json'))
    const memory = makeStdio(
      'memory',
      [process.execPath, entryOf('server-memory')],
      {},
      {
        env: [{ name: 'MEMORY_FILE_PATH', value: '${USER_GRAPH}' }],
      },
    )
    const entities = [{ name: 'Seoul', entityType: 'city', observations: ['has a river'] }]
    await world.call(alice, memory, 'create_entities', { entities })
    expect(textOf(await world.call(alice, memory, 'read_graph'))).toContain('Seoul')
    expect(textOf(await world.call(bob, memory, 'read_graph'))).not.toContain('Seoul')
  })

  test('server-filesystem: the folder comes as an argument; roots are asked of the caller only', async () => {
    const files = makeStdio('files', [process.execPath, entryOf('server-filesystem')], {}, { args: [folder] })
    await world.call(bob, files, 'write_file', { path: join(folder, 'a.txt'), content: 'text' })
    expect(textOf(await world.call(bob, files, 'read_text_file', { path: join(folder, 'a.txt') }))).toBe('text')
    const outside = await world.call(bob, files, 'read_text_file', { path: '/etc/passwd' })
    expect((outside['result'] as JsonObject)['isError']).toBe(true)
  })

  test('server-everything: elicitation and sampling over the pipe', async () => {
    const everything = makeStdio(
      'everything',
      [process.execPath, entryOf('server-everything')],
      {},
      { args: ['stdio'] },
    )
    const { sink } = world.start(alice, everything, {
      method: 'tools/call',
      params: { name: 'trigger-sampling-request', arguments: { prompt: 'say hi', maxTokens: 10 } },
    })
    sink.onRequest = (method, respond) => {
      if (method === 'sampling/createMessage') {
        respond({ result: { role: 'assistant', content: { type: 'text', text: 'hi there' }, model: 'none' } })
      } else respond({ result: { roots: [] } })
    }
    expect(JSON.stringify((await sink.done).json)).toContain('hi there')
  })
})
