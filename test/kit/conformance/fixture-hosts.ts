// The conformance fixture on sockets: both eras on one URL, legacy sessions alone, or HTTP+SSE.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  localhostHostValidation,
  localhostOriginValidation,
  toNodeHandler,
  toWebRequest,
} from '@modelcontextprotocol/node'
import { createMcpHandler, isLegacyRequest } from '@modelcontextprotocol/server'
import { buildFixture } from './fixture-server.ts'
import { serveSessions, serveSse, type Serve } from './fixture-sessions.ts'
import { FixtureTasks, type TaskAnswer } from './fixture-tasks.ts'
import { FixtureWorld } from './fixture-world.ts'

export type FixtureKind = 'modern' | 'legacy' | 'sse'

export interface FixtureHost {
  readonly url: string
  stop(): Promise<void>
}

const STARTS: Readonly<Record<FixtureKind, (world: FixtureWorld) => Serve>> = {
  modern: serveBothEras,
  legacy: serveSessions,
  sse: serveSse,
}

export async function startFixture(kind: FixtureKind): Promise<FixtureHost> {
  const serve = STARTS[kind](new FixtureWorld())
  const isHostAllowed = localhostHostValidation()
  const isOriginAllowed = localhostOriginValidation()
  const server = createServer((req, res) => {
    if (!isHostAllowed(req, res) || !isOriginAllowed(req, res)) return
    readJson(req)
      .then((body) => serve(req, res, body))
      .catch(() => void (res.headersSent ? res.end() : res.writeHead(400).end()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    // the suites send a foreign Host and Origin only to a URL that says localhost
    url: `http://localhost:${port}${kind === 'sse' ? '/sse' : '/mcp'}`,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = []
  for await (const piece of req) pieces.push(piece as Buffer)
  const body = Buffer.concat(pieces).toString('utf8')
  return body === '' ? undefined : (JSON.parse(body) as unknown)
}

function sendJson(res: ServerResponse, { status, body }: TaskAnswer): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function serveBothEras(world: FixtureWorld): Serve {
  const sessions = serveSessions(world)
  const handler = createMcpHandler(() => buildFixture(world, false), { legacy: 'reject' })
  world.notifier = handler.notify
  const modern = toNodeHandler(handler)
  const tasks = new FixtureTasks()
  return async (req: IncomingMessage, res: ServerResponse, body: unknown) => {
    const answer = tasks.answer(body, req.headers)
    if (answer !== null) return sendJson(res, answer)
    const isLegacy = await isLegacyRequest(await toWebRequest(req as Parameters<typeof modern>[0], body), body)
    return isLegacy ? sessions(req, res, body) : modern(req as Parameters<typeof modern>[0], res, body)
  }
}
