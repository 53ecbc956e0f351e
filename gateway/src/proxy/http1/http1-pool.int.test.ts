// Plain sockets to an upstream that does what it likes: what is reused, what never is, who waits, who is told of what.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { SharedHeaders } from '../headers.ts'
import type { HttpController, HttpFields, HttpHandler } from '../http.ts'
import { codeOf, isConnectFault } from '../pool.ts'
import { Http1Pool } from './http1-pool.ts'

const OPTIONS = { connectMs: 500, headerBytes: 4096, connections: 8, idleMs: 30_000 }
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

/** What the server does with the nth request of all, on a socket. */
type Answering = (socket: Socket, turn: number, request: string) => void

interface Peer {
  readonly origin: string
  readonly sockets: Socket[]
  readonly requests: string[]
}

async function startPeer(answer: Answering): Promise<Peer> {
  const sockets: Socket[] = []
  const requests: string[] = []
  const server: Server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      const request = bytes.toString('latin1')
      requests.push(request)
      answer(socket, requests.length, request)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets, requests }
}

function openPool(change: Partial<typeof OPTIONS> = {}): Http1Pool {
  const pool = new Http1Pool({ ...OPTIONS, ...change })
  closers.push(() => pool.destroy())
  return pool
}

class Told implements HttpHandler {
  controller: HttpController | null = null
  status = 0
  fields: HttpFields | null = null
  body = ''
  bytes = 0
  error: Error | null = null
  ends = 0
  onData: (() => void) | null = null
  readonly over: Promise<this>
  #resolve: (self: this) => void
  constructor() {
    const { promise, resolve } = Promise.withResolvers<this>()
    this.over = promise
    this.#resolve = resolve
  }
  onRequestStart(controller: HttpController): void {
    this.controller = controller
  }
  onResponseStart(_controller: HttpController, status: number, fields: HttpFields): void {
    this.status = status
    this.fields = fields
  }
  onResponseData(_controller: HttpController, chunk: Buffer): void {
    this.bytes += chunk.length
    if (this.bytes < 10_000) this.body += chunk.toString('latin1')
    this.onData?.()
  }
  onResponseEnd(): void {
    this.ends++
    this.#resolve(this)
  }
  onResponseError(_controller: HttpController | null, error: Error): void {
    this.ends++
    this.error = error
    this.#resolve(this)
  }
}

function ask(pool: Http1Pool, origin: string, body: string | null = '{}'): Told {
  const told = new Told()
  const headers = { shared: new SharedHeaders(['x-shared', '1']), own: ['x-own', '2'] }
  pool.call({ origin, path: '/mcp?x=1', method: body === null ? 'DELETE' : 'POST', headers, body }, told)
  return told
}

test('a request is one piece with its length in bytes; a socket serves one after the other', async () => {
  const peer = await startPeer((socket) => void socket.write(OK))
  const pool = openPool()
  for (const body of ['{}', '{"t":"한글 😀"}', '{"t":"é"}'])
    expect((await ask(pool, peer.origin, body).over).body).toBe('ok')
  await ask(pool, peer.origin, null).over
  expect(peer.sockets).toHaveLength(1)
  const { host } = new URL(peer.origin)
  expect(peer.requests[0]).toBe(
    `POST /mcp?x=1 HTTP/1.1\r\nhost: ${host}\r\nx-shared: 1\r\nx-own: 2\r\ncontent-length: 2\r\n\r\n{}`,
  )
  const [head, body] = Buffer.from(peer.requests[1]!, 'latin1').toString('utf8').split('\r\n\r\n')
  expect(body).toBe('{"t":"한글 😀"}')
  expect(head).toContain(`content-length: ${Buffer.byteLength(body!)}`)
  expect(peer.requests[3]).not.toContain('content-length')
})

test('SES-1: a socket with bytes behind its answer, or bytes nobody asked for, carries no other request', async () => {
  const stale = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale'
  const peer = await startPeer((socket, turn) => {
    if (turn === 1) return void socket.write(OK + stale)
    socket.write(OK)
    if (turn === 2) setImmediate(() => socket.write(stale))
  })
  const pool = openPool()
  expect((await ask(pool, peer.origin).over).body).toBe('ok')
  expect((await ask(pool, peer.origin).over).body).toBe('ok')
  await waitUntil(
    () => peer.sockets[1]!.destroyed || peer.sockets[1]!.readyState !== 'open',
    'the second socket is closed',
  )
  expect((await ask(pool, peer.origin).over).body).toBe('ok')
  expect(peer.sockets).toHaveLength(3)
})

test.each([
  ['it says so', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
  ['it is of an older version', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['it will not wait long enough', 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok'],
])('a socket is not used again when %s', async (_why, answer) => {
  const peer = await startPeer((socket) => void socket.write(answer))
  const pool = openPool()
  for (let turn = 0; turn < 3; turn++) expect((await ask(pool, peer.origin).over).body).toBe('ok')
  expect(peer.sockets).toHaveLength(3)
})

test('a socket that the server closed while it was idle is not used; nothing is sent twice', async () => {
  const peer = await startPeer((socket, turn) => {
    socket.write(OK)
    if (turn === 1) setImmediate(() => socket.end())
  })
  const pool = openPool()
  await ask(pool, peer.origin).over
  await once(peer.sockets[0]!, 'close')
  expect((await ask(pool, peer.origin).over).body).toBe('ok')
  expect(peer.requests).toHaveLength(2)
})

test('GW-12: a connection lost before the answer fails its own call once, and it is not sent again', async () => {
  const peer = await startPeer((socket, turn) => void (turn === 1 ? socket.resetAndDestroy() : socket.write(OK)))
  const pool = openPool()
  const lost = await ask(pool, peer.origin).over
  expect([lost.ends, isConnectFault(lost.error), codeOf(lost.error)]).toEqual([1, false, 'ECONNRESET'])
  expect((await ask(pool, peer.origin).over).error).toBeNull()
  expect(peer.requests).toHaveLength(2)
})

test('an answer cut short is a fault, after what came of it', async () => {
  const peer = await startPeer((socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'))
  const cut = await ask(openPool(), peer.origin).over
  expect([cut.body, cut.ends, codeOf(cut.error)]).toEqual(['half', 1, 'CLOSED_EARLY'])
})

test('beyond the bound of sockets requests wait in order; one that was given up meanwhile is not sent', async () => {
  const open: Socket[] = []
  const peer = await startPeer((socket) => void open.push(socket))
  const pool = openPool({ connections: 1 })
  const told = ['a', 'b', 'c', 'd'].map((name) => ask(pool, peer.origin, name))
  await waitUntil(() => peer.requests.length === 1, 'the first is there')
  told[1]!.controller!.abort(new Error('given up'))
  for (const expected of ['a', 'c', 'd']) {
    await waitUntil(() => peer.requests.at(-1)!.endsWith(expected), expected)
    open.at(-1)!.write(OK)
  }
  const ends = await Promise.all(told.map((one) => one.over))
  expect(ends.map((one) => one.error === null)).toEqual([true, false, true, true])
  expect(peer.requests).toHaveLength(3)
  expect(peer.sockets).toHaveLength(1)
})

test('who gives up in the middle is told once, later, and its socket is gone', async () => {
  const peer = await startPeer((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome'))
  const pool = openPool()
  const told = ask(pool, peer.origin)
  const why = new Error('enough')
  let isLater = false
  told.onData = () => {
    told.controller!.abort(why)
    isLater = told.error === null
    told.onData = null
  }
  await told.over
  expect([told.error, told.ends, isLater, told.body]).toEqual([why, 1, true, 'some'])
  await once(peer.sockets[0]!, 'close')
  told.controller!.abort(why)
  told.controller!.resume()
  expect(told.ends).toBe(1)
})

test('GW-10: a reader that pauses stops the server within what sockets hold; it gets every byte when it goes on', async () => {
  const size = 64 * 1024 * 1024
  let sent = 0
  const peer = await startPeer((socket, turn) => {
    if (turn > 1) return void socket.write(OK)
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
    const block = Buffer.alloc(1024 * 1024, 'x')
    const more = (): void => {
      while (sent < size) {
        sent += block.length
        if (!socket.write(block)) return void socket.once('drain', more)
      }
    }
    more()
  })
  const pool = openPool()
  const told = ask(pool, peer.origin)
  told.onData = () => {
    told.controller!.pause()
    told.onData = null
  }
  await waitUntil(() => told.bytes > 0, 'it began')
  let before = -1
  await waitUntil(() => {
    const still = sent === before
    before = sent
    return still
  }, 'the server stands still')
  expect(told.bytes).toBeLessThan(256 * 1024)
  expect(sent).toBeLessThan(size / 2)
  told.controller!.resume()
  await told.over
  expect([told.bytes, told.error]).toEqual([size, null])
  // the socket came back unpaused
  expect((await ask(pool, peer.origin).over).status).toBe(200)
})

test('a fault of one answer fails that call alone', async () => {
  const peer = await startPeer(
    (socket, turn) => void socket.write(turn === 1 ? 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok' : OK),
  )
  const pool = openPool()
  expect(codeOf((await ask(pool, peer.origin).over).error)).toBe('HTTP_RESPONSE_INVALID')
  expect((await ask(pool, peer.origin).over).body).toBe('ok')
})

test('a handler that throws loses its own call, not the process', async () => {
  const peer = await startPeer((socket) => void socket.write(OK))
  const told = ask(openPool(), peer.origin)
  told.onData = () => {
    throw new Error('a fault of ours')
  }
  expect((await told.over).error?.message).toBe('a fault of ours')
})

test('SES-1: a handler that throws at the end of its answer loses its own call, not the next one on its socket', async () => {
  const open: Socket[] = []
  const peer = await startPeer((socket) => void open.push(socket))
  const pool = openPool({ connections: 1 })
  const first = ask(pool, peer.origin, 'a')
  first.onResponseEnd = () => {
    throw new Error('a fault of ours')
  }
  const second = ask(pool, peer.origin, 'b')
  await waitUntil(() => open.length === 1, 'the first is there')
  open[0]!.write(OK)
  expect((await first.over).error?.message).toBe('a fault of ours')
  await waitUntil(() => open.length === 2, 'the second is there')
  open[1]!.write(OK)
  expect([(await second.over).body, second.error]).toEqual(['ok', null])
  expect(peer.sockets).toHaveLength(1)
})

test('the end of the pool fails everything under way and lets nothing linger', async () => {
  const peer = await startPeer(() => undefined)
  const pool = openPool({ connections: 2 })
  const told = [1, 2, 3, 4].map(() => ask(pool, peer.origin))
  await waitUntil(() => peer.requests.length === 2, 'two are there')
  pool.destroy()
  for (const one of await Promise.all(told.map((each) => each.over)))
    expect([one.ends, codeOf(one.error)]).toEqual([1, 'POOL_CLOSED'])
  await waitUntil(() => peer.sockets.every((socket) => socket.destroyed), 'all sockets are closed')
})
