import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Socket, connect, createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type Listener, type ListenerOptions, startListener } from './listener.ts'
import { createLogger } from './logger.ts'

const logger = createLogger({ level: 'silent' })
const open: Listener[] = []
const sockets: Socket[] = []

async function start(options: Partial<ListenerOptions> = {}): Promise<Listener> {
  const listener = await startListener({ hosts: ['127.0.0.1', '::1'], port: 0, handler: answerOk, logger, ...options })
  open.push(listener)
  return listener
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(open.splice(0).map((listener) => listener.stop(100)))
})

/** Reads the whole body, then says how long it was. */
function answerOk(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0
  request.on('data', (chunk: Buffer) => (bytes += chunk.length))
  request.on('error', () => {})
  request.on('end', () => response.end(String(bytes)))
}

function dial(port: number, host = '127.0.0.1'): Socket {
  const socket = connect({ port, host, allowHalfOpen: true })
  socket.on('error', () => {})
  sockets.push(socket)
  return socket
}

/** Everything that comes until the other side closes. */
async function readAll(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  if (!socket.destroyed && !socket.readableEnded) await Promise.race([once(socket, 'end'), once(socket, 'close')])
  return text
}

async function send(port: number, bytes: string): Promise<string> {
  const socket = dial(port)
  socket.write(bytes)
  return readAll(socket)
}

describe('listener', () => {
  test('both loopbacks answer on one port', async () => {
    const { port, hosts } = await start()
    expect(hosts).toContain('127.0.0.1')
    for (const host of hosts) {
      const name = host.includes(':') ? `[${host}]` : host
      expect(await (await fetch(`http://${name}:${port}/`)).text()).toBe('0')
    }
  })

  test('an address this host lacks is left out, unless it is the first', async () => {
    const { hosts } = await start({ hosts: ['127.0.0.1', '192.0.2.7'] })
    expect(hosts).toEqual(['127.0.0.1'])
    await expect(start({ hosts: ['192.0.2.7'] })).rejects.toThrow('192.0.2.7')
  })

  test('a taken port is one clear sentence, on either address', async () => {
    for (const host of (await start()).hosts) {
      const other = createServer().listen(0, host)
      await once(other, 'listening')
      const { port } = other.address() as { port: number }
      await expect(start({ port })).rejects.toMatchObject({
        code: 'conflict',
        message: `${host} port ${port} is taken: stop the other program or set MCPHUB_PORT`,
      })
      other.close()
    }
  })

  test('GW-7: a header block over 16 KiB is 431, a URL over 8 KiB 414, both without reading on', async () => {
    const { port } = await start()
    const huge = await send(port, `GET / HTTP/1.1\r\nHost: localhost\r\nx: ${'a'.repeat(64 * 1024)}\r\n\r\n`)
    expect(huge).toMatch(/^HTTP\/1\.1 431 /)
    expect(huge).toContain('"code":"headers_too_large"')
    const long = await send(port, `GET /${'a'.repeat(9 * 1024)} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    expect(long).toMatch(/^HTTP\/1\.1 414 /)
    expect(await send(port, `GET /${'a'.repeat(64 * 1024)} HTTP/1.1\r\nHost: localhost\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 4\d\d /,
    )
  })

  test('GW-6: bytes that are no HTTP, CONNECT and absolute targets are answered once, cleanly, and closed', async () => {
    const { port } = await start()
    const inputs = [
      '\u0016\u0003\u0001garbage\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n',
      'GET http://evil.example/mcp HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n',
    ]
    for (const input of inputs) {
      const answer = await send(port, input)
      expect(answer).toMatch(/^HTTP\/1\.1 4(00|05) /)
      expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
      expect(answer).toContain('"requestId"')
    }
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
  })

  test('GW-8: 300 slow sockets (headers, body, silent) are closed in time while others are served', async () => {
    const { port, connections } = await start({ slowHeadersMs: 1000, slowBodyMs: 1500 })
    const started = performance.now()
    const starts = [
      '',
      'GET / HTTP/1.1\r\nHost: loc',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nab',
    ]
    const slow = Array.from({ length: 300 }, (_, index) => {
      const socket = dial(port)
      socket.write(starts[index % 3]!)
      return readAll(socket)
    })
    const good: number[] = []
    const answers = Promise.all(slow)
    let closed = false
    void answers.then(() => (closed = true))
    while (!closed && performance.now() - started < 10_000) {
      const before = performance.now()
      expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200)
      good.push(performance.now() - before)
    }
    for (const answer of await answers) expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(performance.now() - started).toBeLessThan(6000)
    good.sort((a, b) => a - b)
    expect(good[Math.floor(good.length * 0.5)]).toBeLessThan(100)
    await expect.poll(connections).toBeLessThan(10)
  })

  test('GW-8: a client that stops reading is cut off; a silent stream and a slow reader live on', async () => {
    const { port } = await start({
      stalledReaderMs: 600,
      slowBodyMs: 400,
      slowHeadersMs: 300,
      handler: (request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(request.url === '/silent' ? ': hello\n\n' : Buffer.alloc(64 * 1024 * 1024, 'x'))
        if (request.url === '/silent') setTimeout(() => response.end('data: late\n\n'), 2500)
      },
    })
    const ask = (path: string) => {
      const socket = dial(port)
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      return socket
    }
    const silent = readAll(ask('/silent'))
    const stalled = ask('/stalled')
    stalled.pause()
    const sluggish = ask('/slow')
    let received = 0
    sluggish.on('data', (chunk: Buffer) => {
      received += chunk.length
      sluggish.pause()
      setTimeout(() => sluggish.resume(), 20)
    })
    expect(await silent).toContain('data: late')
    expect(sluggish.destroyed).toBe(false)
    expect(received).toBeGreaterThan(100_000)
    expect((await readAll(stalled.resume())).length).toBeLessThan(32 * 1024 * 1024)
  })

  test('a connection that nobody uses is closed in time; one in use and one with an open stream are not', async () => {
    const { port, connections } = await start({
      idleMs: 800,
      handler: (request, response) => {
        if (request.url === '/stream') return void response.write(': hello\n\n')
        response.end('ok')
      },
    })
    const [silent, used, after, streaming] = [dial(port), dial(port), dial(port), dial(port)]
    const ask = (socket: Socket, path: string) => void socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    ask(after, '/')
    ask(streaming, '/stream')
    const using = setInterval(() => ask(used, '/'), 100)
    // what was sent before the end still arrives
    expect(await readAll(after)).toContain('ok')
    await readAll(silent)
    expect([used.destroyed, streaming.destroyed]).toEqual([false, false])
    await expect.poll(connections).toBe(2)
    clearInterval(using)
    await readAll(used)
    await expect.poll(connections).toBe(1)
  })

  test('connections beyond the cap are closed at once', async () => {
    const { port, connections } = await start({ maxConnections: 5 })
    const held = Array.from({ length: 5 }, () => dial(port))
    await Promise.all(held.map((socket) => once(socket, 'connect')))
    await expect.poll(connections).toBe(5)
    expect(await send(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')).toBe('')
  })

  test('GW-14: at the stop an answer under way is finished, idle connections close, new ones are refused', async () => {
    let finish = () => {}
    const { port, ...listener } = await start({
      handler: (_request, response) => {
        response.write('first ')
        finish = () => response.end('last')
      },
    })
    const idle = dial(port)
    const busy = await fetch(`http://127.0.0.1:${port}/`)
    listener.stopAccepting()
    const stopped = listener.stop(5000)
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
    finish()
    expect(await busy.text()).toBe('first last')
    const before = performance.now()
    idle.destroy()
    await stopped
    expect(performance.now() - before).toBeLessThan(2000)
  })

  test('GW-14: what hangs is cut after the grace', async () => {
    const listener = await start({ handler: (_request, response) => void response.write('x') })
    const hanging = await fetch(`http://127.0.0.1:${listener.port}/`)
    await listener.stop(200)
    await expect(hanging.text()).rejects.toThrow()
    await expect.poll(listener.connections).toBe(0)
  })
})
