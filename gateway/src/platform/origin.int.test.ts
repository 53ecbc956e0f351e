import { once } from 'node:events'
import { connect } from 'node:net'
import { toHubError } from '@mcphub/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Listener, startListener } from './listener.ts'
import { createLogger } from './logger.ts'
import { createOriginCheck } from './origin.ts'
import { sendProblem } from './problem.ts'

let listener: Listener

beforeAll(async () => {
  const { check } = createOriginCheck(['hub.example.com', 'Other.Example:8443'])
  listener = await startListener({
    hosts: ['127.0.0.1'],
    port: 0,
    logger: createLogger({ level: 'silent' }),
    handler: (request, response, requestId) => {
      try {
        check(request)
        response.writeHead(200, { connection: 'close' }).end('in')
      } catch (error) {
        sendProblem(response, toHubError(error), requestId)
      }
    },
  })
})
afterAll(() => listener.stop(0))

/** Raw lines, because no client lets one send what is tested here. */
async function statusOf(requestLine: string, headers: readonly string[]): Promise<number> {
  const socket = connect(listener.port, '127.0.0.1')
  socket.write([requestLine, ...headers, 'connection: close', '', ''].join('\r\n'))
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(socket, 'close')
  return Number(text.slice(9, 12))
}

const own = [
  'localhost',
  'localhost:3000',
  '127.0.0.1',
  '[::1]:3000',
  'HUB.example.com',
  'hub.example.com:443',
  'other.example',
]
const foreign = [
  'evil.example',
  'localhost.evil.example',
  'hub.example.com.evil.example',
  'localhost@evil.example',
  'evil.example#localhost',
  'localhost:3000:3000',
  'localhost ',
  '127.0.0.1.evil.example',
  '0x7f.1',
  '[::ffff:127.0.0.1]',
  '',
]

describe('Host and Origin', () => {
  test('GW-16: own names pass with any port; foreign, malformed, absent and repeated Host are 403', async () => {
    for (const host of own) expect([host, await statusOf('GET /mcp HTTP/1.1', [`host: ${host}`])]).toEqual([host, 200])
    for (const host of foreign) {
      const status = await statusOf('GET /mcp HTTP/1.1', [`host: ${host}`])
      // 'localhost ' arrives trimmed, as HTTP says
      expect([host, status]).toEqual([host, host === 'localhost ' ? 200 : 403])
    }
    expect(await statusOf('GET /mcp HTTP/1.1', [])).toBe(403)
    expect(await statusOf('GET /mcp HTTP/1.0', [])).toBe(403)
    expect(await statusOf('GET /mcp HTTP/1.1', ['host: localhost', 'Host: evil.example'])).toBe(403)
    expect(await statusOf('GET /mcp HTTP/1.1', ['host: localhost', 'x-forwarded-host: evil.example'])).toBe(200)
  })

  test('GW-16: no Origin or an own one passes; a foreign, null, repeated or malformed one is 403 on every method', async () => {
    const host = 'host: localhost'
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const line = `${method} /mcp HTTP/1.1`
      for (const origin of [
        'http://localhost:3000',
        'https://hub.example.com',
        'http://[::1]:3000',
        'http://127.0.0.1',
      ]) {
        expect(await statusOf(line, [host, `origin: ${origin}`])).toBe(200)
      }
      const bad = [
        'http://evil.example',
        'null',
        '',
        'http://localhost.evil.example',
        'file://',
        'http://u@localhost',
        'localhost',
      ]
      for (const origin of bad)
        expect([origin, await statusOf(line, [host, `origin: ${origin}`])]).toEqual([origin, 403])
      expect(await statusOf(line, [host, 'origin: http://localhost', 'origin: http://evil.example'])).toBe(403)
    }
  })

  test('CON-1: a page of another site that sends no Origin is refused where it would change something', async () => {
    const site = ['host: localhost', 'sec-fetch-site: cross-site']
    expect(await statusOf('GET /api/servers HTTP/1.1', site)).toBe(200)
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect(await statusOf(`${method} /api/keys HTTP/1.1`, site)).toBe(403)
      expect(await statusOf(`${method} /api/keys HTTP/1.1`, ['host: localhost', 'sec-fetch-site: same-origin'])).toBe(
        200,
      )
    }
  })

  test('GW-16: probes reach the health paths under any name; nothing else lies below them', async () => {
    for (const path of ['/api/health', '/livez', '/readyz', '/readyz?verbose=1']) {
      expect(await statusOf(`GET ${path} HTTP/1.1`, ['host: 10.1.2.3:3000'])).toBe(200)
    }
    expect(await statusOf('GET /api/health/../keys HTTP/1.1', ['host: 10.1.2.3'])).toBe(403)
    expect(await statusOf('GET /api/healthy HTTP/1.1', ['host: 10.1.2.3'])).toBe(403)
  })
})
