// Serves the console: what `make console` built, read into memory once and again when it was built anew. Files under /assets have a hash in
// their names and never change; every other path a browser asks for as a page is the one page, which finds out itself what to show.
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { HubError } from '@mcphub/api'
import { setConsoleHeaders } from './console-headers.ts'
import { sendProblem } from './problem.ts'

const PAGE = '/index.html'
/** written last when the console is built (scripts/build-console.ts) */
const STAMP = '.built'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
}
/** by preference; the empty one is the file as it is */
const ENCODINGS = { br: '.br', gzip: '.gz', identity: '' } as const
type Encoding = keyof typeof ENCODINGS

interface Served {
  readonly type: string
  readonly caching: string
  readonly tag: string
  readonly bytes: Partial<Record<Encoding, Buffer>> & { readonly identity: Buffer }
}

type Files = ReadonlyMap<string, Served>

export interface ConsoleFiles {
  /** Answers every request that is no program's: a page, an asset, or that there is nothing. */
  handle(request: IncomingMessage, response: ServerResponse, requestId: string): void
}

/** `folder` may be absent, or be built only later. */
export function createConsoleFiles(folder: string): ConsoleFiles {
  let files: Files = new Map()
  let readAt = 0
  const refresh = async (): Promise<void> => {
    const builtAt = await stat(join(folder, STAMP)).then(
      ({ mtimeMs }) => mtimeMs,
      () => readAt,
    )
    if (builtAt === readAt) return
    files = await readAll(folder)
    readAt = builtAt
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = pathOf(request)
    // an asset that is known cannot have changed
    if (!files.has(path) || path === PAGE) await refresh()
    const file = files.get(path)
    if (file !== undefined) return send(request, response, file)
    if (!isPage(request, path)) throw new HubError('not_found', NOTHING)
    const page = files.get(PAGE)
    if (page === undefined) sendNotBuilt(response)
    else send(request, response, page)
  }
  return {
    handle(request, response, requestId) {
      setConsoleHeaders(response)
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return sendProblem(response, new HubError('not_found', NOTHING), requestId)
      answer(request, response).catch((thrown: unknown) => {
        const error = thrown instanceof HubError ? thrown : new HubError('internal', 'Internal error')
        sendProblem(response, error, requestId)
      })
    },
  }
}

const NOTHING = 'There is nothing here: MCP is at /mcp, the REST API at /api'

function pathOf(request: IncomingMessage): string {
  const path = (request.url ?? '/').split('?', 1)[0]!
  return path === '/' ? PAGE : path
}

/** A browser on its way to a page says that it wants one; a script that misses a file, or a program, does not. */
function isPage(request: IncomingMessage, path: string): boolean {
  if (path === PAGE) return true
  return !path.startsWith('/assets/') && (request.headers.accept ?? '').includes('text/html')
}

function sendNotBuilt(response: ServerResponse): void {
  response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', refresh: '3' })
  response.end('The console is not built yet: it takes a few seconds after the first start (or: make console).\n')
}

function send(request: IncomingMessage, response: ServerResponse, file: Served): void {
  const encoding = chooseEncoding(request.headers['accept-encoding'], file)
  const tag = `"${file.tag}-${encoding}"`
  const headers: OutgoingHttpHeaders = { 'cache-control': file.caching, etag: tag, vary: 'Accept-Encoding' }
  if (isKnown(request.headers['if-none-match'], tag)) return void response.writeHead(304, headers).end()
  const bytes = file.bytes[encoding]!
  if (encoding !== 'identity') headers['content-encoding'] = encoding
  response.writeHead(200, { ...headers, 'content-type': file.type, 'content-length': bytes.length })
  // node itself sends no body where the method is HEAD
  response.end(bytes)
}

function isKnown(header: string | undefined, tag: string): boolean {
  return header !== undefined && header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
}

/** The best of what the file has and the client takes; the file as it is where nothing fits. */
function chooseEncoding(header: string | undefined, file: Served): Encoding {
  const taken = new Set(
    (header ?? '')
      .split(',')
      .map((one) =>
        one
          .trim()
          .toLowerCase()
          .split(/\s*;\s*q=/),
      )
      .filter(([, quality]) => quality === undefined || Number(quality) > 0)
      .map(([name]) => name),
  )
  return (Object.keys(ENCODINGS) as Encoding[]).find((one) => taken.has(one) && file.bytes[one]) ?? 'identity'
}

async function readAll(folder: string): Promise<Files> {
  const names = await readdir(folder, { recursive: true })
  const files = await Promise.all(
    names
      .filter((name) => TYPES[extname(name)] !== undefined)
      .map(async (name) => [`/${name}`, await readServed(folder, name, names)] as const),
  )
  return new Map(files)
}

async function readServed(folder: string, name: string, names: readonly string[]): Promise<Served> {
  const read = async (ending: string) =>
    names.includes(name + ending) ? { bytes: await readFile(join(folder, name + ending)) } : null
  const [br, gzip, identity] = [await read('.br'), await read('.gz'), await readFile(join(folder, name))]
  return {
    type: TYPES[extname(name)]!,
    caching: name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    tag: createHash('sha256').update(identity).digest('base64url').slice(0, 22),
    bytes: { identity, ...(br && { br: br.bytes }), ...(gzip && { gzip: gzip.bytes }) },
  }
}
