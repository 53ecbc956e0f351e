// The clients of the field, each as a person would use it, behind one function: a URL in, a visit out.
import { execFile, type ExecFileOptions } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { Client as ClientV110 } from 'mcp-sdk-1-10/client/index.js'
import { StreamableHTTPClientTransport as TransportV110 } from 'mcp-sdk-1-10/client/streamableHttp.js'
import { pickInherited } from '../kit/hub.ts'
import { INSPECTOR, installFromNpm, installFromPypi, PYTHON_SDKS } from './packages.ts'
import { CITY, PERSON, visit, type SdkClient, type Visit, type Wishes } from './visit.ts'

export interface FieldClient {
  readonly name: string
  /** fetches what is not there yet */
  prepare?(): Promise<unknown>
  visit(url: URL, wishes: Wishes): Promise<Visit>
}

const KEY = /mcphub_[0-9a-f]+/g

/** Runs a program to its end. @throws with what it said, without the key that stood in its arguments */
async function run(program: string, args: readonly string[], options: ExecFileOptions): Promise<string> {
  const started = promisify(execFile)(program, args, { ...options, timeout: TIMEOUT_MS, encoding: 'utf8' })
  try {
    return (await started).stdout
  } catch (error) {
    // oxlint-disable-next-line preserve-caught-error -- its message and arguments hold the key
    throw new Error(String((error as { stderr?: string }).stderr ?? 'it did not start').replaceAll(KEY, '[key]'))
  }
}

const INFO = { name: 'field', version: '1.0.0' }
const TIMEOUT_MS = 60_000

/** A home of its own: some clients keep tokens and settings there. Loopback is not reached through a proxy. */
async function withHome<T>(use: (env: NodeJS.ProcessEnv, home: string) => Promise<T>): Promise<T> {
  const home = mkdtempSync(path.join(tmpdir(), 'mcphub-home-'))
  try {
    const near = '127.0.0.1,localhost'
    return await use(
      { ...pickInherited(), HOME: home, NO_PROXY: near, no_proxy: near, MCP_REMOTE_CONFIG_DIR: home },
      home,
    )
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

async function visitAndClose(
  client: SdkClient & { close(): Promise<void> },
  wishes: Wishes,
  canBeAsked = false,
): Promise<Visit> {
  try {
    return await visit(client, wishes, canBeAsked)
  } finally {
    await client.close()
  }
}

const sdk110: FieldClient = {
  name: 'TypeScript SDK 1.10',
  async visit(url, wishes) {
    const client = new ClientV110(INFO)
    // its own types disagree under exactOptionalPropertyTypes
    await client.connect(new TransportV110(url) as Parameters<typeof client.connect>[0])
    return visitAndClose(client, wishes)
  },
}

const ASKED = { capabilities: { elicitation: {} } }

const sdk1: FieldClient = {
  name: 'TypeScript SDK 1.32',
  async visit(url, wishes) {
    const client = new ClientV1(INFO, ASKED)
    client.setRequestHandler(ElicitRequestSchema, () => PERSON)
    await client.connect(new TransportV1(url) as Transport)
    return visitAndClose(client, wishes, true)
  },
}

const sdk2 = (mode: 'legacy' | 'auto'): FieldClient => ({
  name: `TypeScript SDK 2.4, ${mode}`,
  async visit(url, wishes) {
    const client = new ClientV2(INFO, { ...ASKED, ...(mode === 'auto' ? { versionNegotiation: { mode } } : {}) })
    client.setRequestHandler('elicitation/create', () => PERSON)
    await client.connect(new TransportV2(url))
    return visitAndClose(client, wishes, true)
  },
})

/** A stdio client's way to a server on HTTP. */
const mcpRemote: FieldClient = {
  name: 'mcp-remote',
  visit: (url, wishes) =>
    withHome(async (env) => {
      const proxy = path.join(import.meta.dirname, '../../node_modules/mcp-remote/dist/proxy.js')
      const client = new ClientV1(INFO)
      const args = [proxy, url.href, '--transport', 'http-only']
      const known = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
      await client.connect(
        new StdioClientTransport({ command: process.execPath, args, env: Object.fromEntries(known), stderr: 'ignore' }),
      )
      return visitAndClose(client, wishes)
    }),
}

const installInspector = () => installFromNpm('@modelcontextprotocol/inspector', INSPECTOR)

/** One process for each question, as in a shell. */
const inspector: FieldClient = {
  name: `MCP Inspector ${INSPECTOR}`,
  prepare: installInspector,
  visit: (url, { tool, prompt, resource }) =>
    withHome(async (env, cwd) => {
      const folder = await installInspector()
      const bin = path.join(folder, 'node_modules/.bin/mcp-inspector')
      const ask = async (...args: string[]) => {
        const options = { env, cwd, timeout: TIMEOUT_MS }
        const printed = await run(process.execPath, [bin, '--cli', url.href, '--transport', 'http', ...args], options)
        return JSON.parse(printed)
      }
      const [listed, called, resources, got] = await Promise.all([
        ask('--method', 'tools/list'),
        ask('--method', 'tools/call', '--tool-name', tool, '--tool-arg', `city=${CITY.city}`),
        ask('--method', 'resources/list'),
        ask('--method', 'prompts/get', '--prompt-name', prompt, '--prompt-args', 'name=Ada'),
      ])
      const { uri } = resources.resources.find(({ name }: { name: string }) => name === resource)
      const read = await ask('--method', 'resources/read', '--uri', uri)
      return {
        tools: listed.tools.map(({ name }: { name: string }) => name),
        seen: JSON.parse(called.content[0].text),
        read: read.contents[0].text,
        prompt: got.messages[0].content.text,
        answer: null,
      }
    }),
}

const python = (generation: 1 | 2, mode: 'legacy' | 'auto'): FieldClient => ({
  name: `Python SDK ${PYTHON_SDKS[generation]}, ${mode}`,
  prepare: () => installFromPypi('mcp', PYTHON_SDKS[generation]),
  visit: (url, { tool, prompt, resource, asking }) =>
    withHome(async (env, cwd) => {
      const program = await installFromPypi('mcp', PYTHON_SDKS[generation])
      const script = path.join(import.meta.dirname, generation === 1 ? 'visit_v1.py' : 'visit.py')
      const args = [script, url.href, ...(generation === 1 ? [] : [mode]), tool, prompt, resource, asking]
      return JSON.parse(await run(program, args, { env, cwd })) as Visit
    }),
})

export const FIELD_CLIENTS: readonly FieldClient[] = [
  sdk110,
  sdk1,
  sdk2('legacy'),
  sdk2('auto'),
  mcpRemote,
  inspector,
  python(1, 'legacy'),
  python(2, 'legacy'),
  python(2, 'auto'),
]
