// The probe server behind every transport the hub speaks upstream: three on sockets, one as a package for the sandbox.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { build } from 'esbuild'
import { buildLegacyServer } from './legacy-server.ts'
import { createModernProbe } from './modern-server.ts'
import { createSurface } from './surface.ts'

export interface HttpUpstream {
  readonly url: string
  close(): Promise<void>
}

type Handle = (req: IncomingMessage, res: ServerResponse, body: unknown) => Promise<void>

async function serve(handle: Handle, path: string, onClose: () => void = () => undefined): Promise<HttpUpstream> {
  const server: HttpServer = createServer((req, res) => {
    void readBody(req).then((body) => handle(req, res, body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    async close() {
      onClose()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function readBody(req: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of req) text += String(chunk)
  return text === '' ? undefined : JSON.parse(text)
}

export function openModern(): Promise<HttpUpstream> {
  const handler = createModernProbe(createSurface())
  const node = toNodeHandler(handler)
  return serve(
    (req, res, body) => node(req as Parameters<typeof node>[0], res, body),
    '/mcp',
    () => void handler.close(),
  )
}

export function openStateful(): Promise<HttpUpstream> {
  const probe = createSurface()
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const tasks = new InMemoryTaskStore()
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    })
    await buildLegacyServer(probe, tasks).connect(transport as Transport)
    return transport
  }
  return serve(async (req, res, body) => {
    const id = req.headers['mcp-session-id']
    const known = typeof id === 'string' ? sessions.get(id) : undefined
    if (typeof id === 'string' && known === undefined) return void res.writeHead(404).end()
    await (known ?? (await open())).handleRequest(req, res, body)
  }, '/mcp')
}

export function openSse(): Promise<HttpUpstream> {
  const probe = createSurface()
  const sessions = new Map<string, SSEServerTransport>()
  const tasks = new InMemoryTaskStore()
  return serve(async (req, res, body) => {
    if (req.method === 'GET') {
      const transport = new SSEServerTransport('/messages', res)
      sessions.set(transport.sessionId, transport)
      return await buildLegacyServer(probe, tasks).connect(transport)
    }
    const id = new URL(req.url ?? '/', 'http://x').searchParams.get('sessionId') ?? ''
    const known = sessions.get(id)
    if (known === undefined) return void res.writeHead(404).end()
    await known.handlePostMessage(req, res, body)
  }, '/sse')
}

export const STDIO_PACKAGE = { name: '@mcphub-test/pairing-probe', version: '1.0.0' }

/** A folder that the test registry can serve as a package: one file, so that nothing else is fetched. */
export async function buildStdioPackage(): Promise<string> {
  const folder = join(mkdtempSync(join(tmpdir(), 'mcphub-probe-')), 'pairing-probe')
  mkdirSync(folder)
  const description = { ...STDIO_PACKAGE, license: 'Apache-2.0', type: 'module', bin: { 'pairing-probe': 'server.js' } }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(description))
  await build({
    entryPoints: [join(import.meta.dirname, 'stdio-server.ts')],
    outfile: join(folder, 'server.js'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    // what stays CommonJS inside asks for Node's modules by `require`
    banner: {
      js: "#!/usr/bin/env node\nimport { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)",
    },
  })
  return folder
}
