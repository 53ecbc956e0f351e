import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createConsoleFiles } from './console-files.ts'
import { CONSOLE_HEADERS } from './console-headers.ts'
import { type Listener, startListener } from './listener.ts'
import { createLogger } from './logger.ts'

const SCRIPT = 'export const answer = 42\n'.repeat(40)
const PAGE = '<!doctype html><title>MCPHub</title>'

let folder: string
let listener: Listener

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcphub-console-'))
  await build(PAGE)
  listener = await serve(folder)
})
afterAll(async () => {
  await listener.stop(0)
  await rm(folder, { recursive: true, force: true })
})

const serve = (dist: string): Promise<Listener> => {
  const files = createConsoleFiles(dist)
  return startListener({
    hosts: ['127.0.0.1'],
    port: 0,
    logger: createLogger({ level: 'silent' }),
    handler: (incoming, response, requestId) => files.handle(incoming, response, requestId),
  })
}

let builds = 0

async function build(page: string): Promise<void> {
  await mkdir(join(folder, 'assets'), { recursive: true })
  await writeFile(join(folder, 'index.html'), page)
  await writeFile(join(folder, 'icon.svg'), '<svg/>')
  await writeFile(join(folder, 'assets/main-abc123.js'), SCRIPT)
  await writeFile(join(folder, 'assets/main-abc123.js.br'), brotliCompressSync(SCRIPT))
  await writeFile(join(folder, 'assets/main-abc123.js.gz'), gzipSync(SCRIPT))
  await writeFile(join(folder, '.built'), 'a hash')
  await utimes(join(folder, '.built'), 1_000 + builds, 1_000 + builds++)
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly port?: number
}

/** Not fetch: it unpacks what it gets, and keeps from us what was sent. */
function get(path: string, { method = 'GET', headers = {}, port = listener.port }: Ask = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('end', () =>
      resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
    )
  })
  asked.on('error', reject).end()
  return promise
}

describe('what is served', () => {
  test('every path a browser asks for as a page is the page, asked for again each time', async () => {
    for (const path of ['/', '/servers', '/servers/a%2Fb/tools?x=1', '/login', '/index.html']) {
      const { status, headers, body } = await get(path, { headers: HTML })
      expect([path, status, body.toString()]).toEqual([path, 200, PAGE])
      expect(headers['content-type']).toBe('text/html; charset=utf-8')
      expect(headers['cache-control']).toBe('no-cache')
    }
  })

  test('assets are kept for ever, and come as small as the client takes them', async () => {
    const asset = (encodings: string) =>
      get('/assets/main-abc123.js', { headers: encodings ? { 'accept-encoding': encodings } : {} })
    const [br, gzip, refused, plain] = [
      await asset('gzip, deflate, br'),
      await asset('gzip, br;q=0'),
      await asset('zstd, br;q=0.0, gzip;q=0'),
      await asset(''),
    ]
    expect(brotliDecompressSync(br.body).toString()).toBe(SCRIPT)
    expect(br.headers['content-encoding']).toBe('br')
    expect(gunzipSync(gzip.body).toString()).toBe(SCRIPT)
    for (const one of [refused, plain]) {
      expect(one.body.toString()).toBe(SCRIPT)
      expect(one.headers['content-encoding']).toBeUndefined()
    }
    for (const { headers } of [br, gzip, refused, plain]) {
      expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
      expect(headers['vary']).toBe('Accept-Encoding')
      expect(headers['content-type']).toBe('text/javascript; charset=utf-8')
    }
    expect(new Set([br, gzip, plain].map(({ headers }) => headers['etag'])).size).toBe(3)
  })

  test('what the browser has already is not sent again', async () => {
    const first = await get('/', { headers: HTML })
    const etag = String(first.headers['etag'])
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await get('/', { headers: { ...HTML, 'if-none-match': known } })
      expect([known, again.status, again.body.length]).toEqual([known, 304, 0])
      expect(again.headers['etag']).toBe(etag)
    }
    expect((await get('/', { headers: { ...HTML, 'if-none-match': '"other"' } })).status).toBe(200)
  })

  test('HEAD says what GET would send', async () => {
    const { status, headers, body } = await get('/assets/main-abc123.js', { method: 'HEAD' })
    expect([status, body.length, headers['content-length']]).toEqual([200, 0, String(SCRIPT.length)])
  })

  test('an asset that is gone, a program that lost its way and a path out of the folder are 404, never the page', async () => {
    const asked: (readonly [path: string, headers: Record<string, string>])[] = [
      ['/assets/gone-def456.js', HTML],
      ['/assets/../.built', {}],
      ['/../../etc/passwd', {}],
      ['/%2e%2e/.built', {}],
      ['/.built', {}],
      ['/assets/main-abc123.js.br', {}],
      ['/anything', { accept: 'application/json' }],
      ['/anything', {}],
    ]
    for (const [path, headers] of asked) {
      const answer = await get(path, { headers })
      expect([path, answer.status, answer.headers['content-type']]).toEqual([path, 404, 'application/problem+json'])
    }
    expect((await get('/', { method: 'POST', headers: HTML })).status).toBe(404)
  })

  test('a console that is built anew is served from the next page on', async () => {
    const page = PAGE.replace('MCPHub', 'MCPHub, newer')
    await build(page)
    expect((await get('/servers', { headers: HTML })).body.toString()).toBe(page)
    await build(PAGE)
    expect((await get('/', { headers: HTML })).body.toString()).toBe(PAGE)
  })

  test('without a build a page says so in one sentence', async () => {
    const bare = await serve(join(folder, 'nowhere'))
    const { status, headers, body } = await get('/', { headers: HTML, port: bare.port })
    await bare.stop(0)
    expect([status, headers['content-type']]).toEqual([503, 'text/plain; charset=utf-8'])
    expect(body.toString()).toContain('make console')
  })
})

test('CON-8: every answer of the console has its headers: pages, assets, faults, what was known already', async () => {
  const etag = String((await get('/', { headers: HTML })).headers['etag'])
  const answers = [
    await get('/', { headers: HTML }),
    await get('/', { headers: { ...HTML, 'if-none-match': etag } }),
    await get('/assets/main-abc123.js'),
    await get('/icon.svg'),
    await get('/assets/gone.js'),
    await get('/', { method: 'POST' }),
    await get('/servers', { method: 'HEAD', headers: HTML }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 304, 200, 200, 404, 404, 200])
  for (const { headers } of answers) expect(headers).toMatchObject(CONSOLE_HEADERS)
  const policy = CONSOLE_HEADERS['content-security-policy']
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toContain('unsafe')
})
