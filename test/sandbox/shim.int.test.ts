// The shim of a sandbox pod: its own Go tests, and the real binary in front of a real npm server, over the protocol that the gateway will speak.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ShimClient, type ShimAddress } from '../kit/shim-client.ts'

const root = path.join(import.meta.dirname, '../..')
const source = path.join(root, 'sandbox/shim')
const binary = path.join(root, 'sandbox/out/mcphub-shim')
const everything = path.join(root, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js')

const hasGo = isThere('go', 'version')
/** the race detector is C */
const hasCompiler = isThere('gcc', '--version')
if (!hasGo) console.log('Go is not installed: the shim is not tested.')
if (hasGo && !hasCompiler) console.log('gcc is not installed: the shim is tested without the race detector.')

function isThere(program: string, argument: string): boolean {
  try {
    execFileSync(program, [argument], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

interface RunningShim extends ShimAddress {
  readonly keys: readonly KeyObject[]
  readonly folder: string
  attach(replica: string, change?: Partial<Parameters<typeof ShimClient.attach>[0]>): Promise<ShimClient>
}

/** The binary on loopback, with a gateway that cannot be reached: it tries to call home in vain and serves meanwhile. */
async function startShim(): Promise<RunningShim> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mcphub-shim-'))
  const pairs = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')]
  const keysFile = path.join(folder, 'keys.pem')
  writeFileSync(keysFile, pairs.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' })).join(''))
  const child = spawn(binary, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: `${path.dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      MCPHUB_POD_NAME: 'pod-1',
      MCPHUB_POD_UID: 'uid-1',
      MCPHUB_GATEWAY_URL: 'https://127.0.0.1:1/call-home',
      MCPHUB_TOKEN_FILE: path.join(folder, 'token'),
      MCPHUB_CA_FILE: path.join(folder, 'ca.pem'),
      MCPHUB_KEYS_FILE: keysFile,
      MCPHUB_LISTEN: '127.0.0.1:0',
      MCPHUB_DRAIN_MS: '0',
    },
  })
  onTestFinished(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null && child.kill('SIGTERM')) await gone
    rmSync(folder, { recursive: true, force: true })
  })
  const address = await readAddress(child.stderr)
  const keys = pairs.map(({ privateKey }) => privateKey)
  const attach: RunningShim['attach'] = async (replica, change) => {
    const options = { ...address, podUid: 'uid-1', replica, prefix: `${replica}-`, key: keys[0]!, ...change }
    const client = await ShimClient.attach(options)
    onTestFinished(() => client.destroy())
    return client
  }
  return { ...address, keys, folder, attach }
}

async function readAddress(stderr: NodeJS.ReadableStream): Promise<ShimAddress> {
  for await (const line of createInterface(stderr)) {
    const found = /listening on port (\d+) with certificate ([0-9a-f]{64})/.exec(line)
    stderr.resume()
    if (found) return { port: Number(found[1]), fingerprint: found[2]! }
  }
  throw new Error('the shim ended before it listened')
}

const startOptions = (folder: string, argv: readonly string[]) => ({
  key: 'shared',
  fingerprint: 'f1',
  argv,
  workdir: path.join(folder, 'work'),
})

const call = (id: string, method: string, params: object) => JSON.stringify({ jsonrpc: '2.0', id, method, params })

const initialize = (id: string) =>
  call(id, 'initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'shim-test', version: '1' },
  })

describe.skipIf(!hasGo)('the shim', () => {
  beforeAll(() => {
    execFileSync(path.join(root, 'scripts/build-shim.sh'), { stdio: 'pipe' })
    // nothing is cached on a fresh machine
  }, 300_000)

  /** What it printed. @throws with that when it fails */
  async function runGo(...args: string[]): Promise<string> {
    const env = { ...process.env, GOTOOLCHAIN: 'local' }
    const done = await promisify(execFile)('go', args, { cwd: source, env }).catch((error: Error) => error)
    if (done instanceof Error) throw new Error(`go ${args.join(' ')}\n${String((done as { stdout?: string }).stdout)}`)
    return done.stdout
  }

  test('go vet and its own tests pass', { timeout: 900_000 }, async () => {
    const race = hasCompiler ? ['-race'] : []
    await runGo('vet', './...')
    const told = await runGo('test', ...race, './...')
    expect(told).not.toMatch(/^(FAIL|---)/m)
    expect(told.match(/^ok /gm)?.length).toBeGreaterThan(5)
    console.log((await runGo('test', '-count=1', '-run', 'StaysSmall', '-v', '.')).match(/^shim: .*$/m)?.[0])
  })

  test.each([
    ['frames', 'FuzzRead'],
    ['message', 'FuzzClassify'],
  ])('its frames and its reader of messages stand what is random: %s', { timeout: 300_000 }, async (folder, name) => {
    const told = await runGo('test', '-run', '^$', '-fuzz', `^${name}$`, '-fuzztime', '10000x', `./${folder}`)
    expect(told).toMatch(/execs: \d{5}/)
    expect(told).toMatch(/^PASS$/m)
  })

  test('carries a real server: a tool is called, its stderr read, its end told', async () => {
    const shim = await startShim()
    const client = await shim.attach('a1')
    const child = await client.start(startOptions(shim.folder, ['node', everything, 'stdio']))
    child.write(initialize('a1-1'))
    expect(await child.answer('a1-1')).toMatchObject({ result: { protocolVersion: '2025-11-25' } })
    child.write('{"jsonrpc":"2.0","method":"notifications/initialized"}')
    child.write(call('a1-2', 'tools/call', { name: 'echo', arguments: { message: '안녕' } }))
    expect(await child.answer('a1-2')).toMatchObject({ result: { content: [{ type: 'text', text: 'Echo: 안녕' }] } })
    expect(await child.stderr()).toContain('Starting')
    child.kill('idle')
    expect(await child.exited).toEqual({ kind: 'ended', by: 'idle' })
  })

  test('two replicas share a child; what one left unanswered the other claims', async () => {
    const shim = await startShim()
    const [first, second] = [await shim.attach('a1'), await shim.attach('b2')]
    const options = startOptions(shim.folder, ['node', everything, 'stdio'])
    const [left, right] = await Promise.all([first.start(options), second.start(options)])
    expect([left.isNew, right.isNew].filter(Boolean)).toHaveLength(1)
    expect(left.incarnation).toBe(right.incarnation)
    left.write(initialize('a1-1'))
    await left.answer('a1-1')
    left.write('{"jsonrpc":"2.0","method":"notifications/initialized"}')
    const long = { name: 'trigger-long-running-operation', arguments: { duration: 0.5, steps: 1 } }
    left.write(call('a1-2', 'tools/call', { ...long, _meta: { progressToken: 'a1-2' } }))
    right.write(call('b2-1', 'tools/call', { name: 'echo', arguments: { message: 'b' } }))
    expect(await right.answer('b2-1')).toHaveProperty('result')
    first.destroy()
    expect(await right.claim('a1-2')).toBe('waiting')
    expect(await right.answer('a1-2')).toHaveProperty('result')
    expect(await right.claim('a1-2')).toBe('unknown')
  })

  test("BOX-6: a pod's shim takes only a gateway of its own", async () => {
    const shim = await startShim()
    const stranger = generateKeyPairSync('ed25519').privateKey
    await expect(shim.attach('a1', { key: stranger })).rejects.toThrow('unauthorized')
    await expect(shim.attach('a1', { podUid: 'uid-2' })).rejects.toThrow('unauthorized')
    await expect(shim.attach('a1', { fingerprint: '0'.repeat(64) })).rejects.toThrow('other certificate')
    await shim.attach('a1')
    await expect(shim.attach('b2', { prefix: 'a1-' })).rejects.toThrow('prefix_taken')
    await shim.attach('b2', { key: shim.keys[1]! })
  })

  test('BOX-7: a child that writes garbage or an endless line harms nobody', async () => {
    const shim = await startShim()
    const client = await shim.attach('a1')
    // writeSync: stdout.write would gather it all in the child's own memory
    const evil = `const { writeSync } = require('node:fs'); writeSync(1, 'x\\n{"id":"a1-1"}\\n[1]\\n'); for (;;) writeSync(1, 'y'.repeat(65536))`
    const child = await client.start({ ...startOptions(shim.folder, ['node', '-e', evil]), key: 'evil' })
    expect(await child.exited).toMatchObject({ kind: 'limit', limit: 'line' })
    expect(await child.read()).toBe('{"id":"a1-1"}')
    await expect(client.start(startOptions(shim.folder, ['no-such-program']))).rejects.toThrow('spawn: ')
    const echo = await client.start(startOptions(shim.folder, ['cat']))
    echo.write('{"id":"a1-2","result":"$(id); `id`"}')
    expect(await echo.read()).toBe('{"id":"a1-2","result":"$(id); `id`"}')
  })
})
