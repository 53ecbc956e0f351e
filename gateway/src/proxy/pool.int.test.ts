// Sockets to upstreams: reuse, streams apart from calls, proxies, faults that never throw.
import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { SharedHeaders } from './headers.ts'
import { HttpPool, codeOf, isConnectFault, type HttpPoolOptions } from './pool.ts'

const OPTIONS: HttpPoolOptions = {
  connectMs: 500,
  proxyUrl: null,
  noProxy: null,
  extraCa: null,
  headerBytes: 16_384,
  connections: 512,
  idleMs: 30_000,
}
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

async function listen(server: Server | ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  return (server.address() as AddressInfo).port
}

function openPool(change: Partial<HttpPoolOptions> = {}): HttpPool {
  const pool = new HttpPool({ ...OPTIONS, ...change })
  closers.push(() => pool.destroy())
  return pool
}

interface Outcome {
  readonly status: number
  readonly body: string
  readonly error: unknown
}

function ask(pool: HttpPool, origin: string, as: 'call' | 'stream' = 'call', headers: string[] = []): Promise<Outcome> {
  return new Promise((resolve) => {
    let status = 0
    let body = ''
    pool[as](
      { origin, path: '/', method: 'GET', headers: { shared: new SharedHeaders([]), own: headers }, body: null },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, code) => void (status = code),
        onResponseData: (_controller, chunk) => void (body += chunk.toString()),
        onResponseEnd: () => resolve({ status, body, error: null }),
        onResponseError: (_controller, error) => resolve({ status, body, error }),
      },
    )
  })
}

test('calls reuse a socket; a hundred open streams do not stand in their way', async () => {
  const sockets = new Set<Socket>()
  const server = createHttpServer((req, res) => {
    if (req.headers['x-stream']) return res.writeHead(200).flushHeaders()
    sockets.add(req.socket)
    res.end('ok')
  })
  const origin = `http://127.0.0.1:${await listen(server)}`
  closers.push(() => server.closeAllConnections())
  const pool = openPool()
  for (let n = 0; n < 100; n++) void ask(pool, origin, 'stream', ['x-stream', '1'])
  for (let n = 0; n < 5; n++) expect((await ask(pool, origin)).body).toBe('ok')
  // the second is opened while the first one's answer is still being told
  expect(sockets.size).toBeLessThanOrEqual(2)
})

test('faults come to the handler, classified by what can have been sent', async () => {
  const pool = openPool()
  const refused = await ask(pool, 'http://127.0.0.1:9')
  expect(isConnectFault(refused.error)).toBe(true)
  const port = await listen(createServer((socket) => void socket.once('data', () => socket.destroy())))
  const lost = await ask(pool, `http://127.0.0.1:${port}`)
  expect(isConnectFault(lost.error)).toBe(false)
  const plain = await listen(createServer((socket) => void socket.on('data', () => socket.write('not TLS at all'))))
  const tls = await ask(pool, `https://127.0.0.1:${plain}`)
  expect(isConnectFault(tls.error)).toBe(true)
  expect(codeOf(tls.error)).not.toBe('UNKNOWN')
})

test('a peer that never accepts is given up after the connect limit', async () => {
  // TEST-NET-1 (RFC 5737) is routed nowhere: refused at once or silent, never connected
  const from = performance.now()
  const { error } = await ask(openPool(), 'http://192.0.2.1:81')
  expect(isConnectFault(error)).toBe(true)
  expect(performance.now() - from).toBeLessThan(2500)
})

test('SEC-5: a header that cannot be sent is a fault without its value', async () => {
  const { error } = await ask(openPool(), 'http://127.0.0.1:9', 'call', ['authorization', 'canary\r\nx: y'])
  expect(error).toBeInstanceOf(Error)
  expect(codeOf(error)).toBe('HEADER_INVALID')
  expect(String(error)).not.toContain('canary')
})

test('a closed pool tells its handler', async () => {
  const pool = openPool()
  await pool.destroy()
  expect((await ask(pool, 'http://127.0.0.1:9')).error).toBeInstanceOf(Error)
})

test('https goes through the proxy, but for the hosts that need none; plain http never does', async () => {
  const asked: string[] = []
  const proxy = createHttpServer()
  proxy.on('connect', (req, socket) => {
    asked.push(req.url ?? '')
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  const proxyUrl = `http://127.0.0.1:${await listen(proxy)}`
  const port = await listen(createHttpServer((_req, res) => void res.end('direct')))
  const pool = openPool({ proxyUrl, noProxy: 'near.example,127.0.0.1' })
  for (const as of ['call', 'stream'] as const) {
    expect((await ask(pool, 'https://far.example', as)).error).toBeInstanceOf(Error)
    await ask(pool, `https://127.0.0.1:${port}`, as)
    expect((await ask(pool, `http://127.0.0.1:${port}`, as)).body).toBe('direct')
  }
  expect(new Set(asked)).toEqual(new Set(['far.example:443']))
})
