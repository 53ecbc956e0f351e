// The reader of responses against every way to cut and to spoil them; what node's own parser reads is read the same.
import { request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createNetServer } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ResponseFault, type ResponseHead } from './response-head.ts'
import { ResponseReader } from './response-reader.ts'

interface Read {
  readonly status: number
  readonly body: string
  readonly head: ResponseHead | null
  readonly isWhole: boolean
  readonly isClean: boolean
}

/** All of it, in pieces of these sizes (repeated), then the end of the socket. */
function read(text: string, sizes: readonly number[] = [text.length || 1], ends = false): Read {
  const result = { status: 0, body: '', head: null as ResponseHead | null, isWhole: false, isClean: false }
  const reader = new ResponseReader(
    {
      onHead: (head) => {
        result.head = head
        result.status = head.status
      },
      onData: (piece) => void (result.body += piece.toString('latin1')),
      onEnd: (isClean) => void Object.assign(result, { isWhole: true, isClean }),
    },
    4096,
  )
  reader.expect()
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0, turn = 0; at < bytes.length && !result.isWhole; turn++) {
    const size = sizes[turn % sizes.length]!
    // like the shared memory of all sockets: another content as soon as the call is over
    const shared = Buffer.from(bytes.subarray(at, at + size))
    reader.push(shared)
    shared.fill(0x21)
    at += size
  }
  if (ends) reader.end()
  return result
}

const WHOLE = {
  'by length': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello',
  'in chunks':
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;name="x"\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: 1\r\n\r\n',
  'after 100 and 103':
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
}

describe('responses are read alike however they are cut', () => {
  test.each(Object.entries(WHOLE))('%s', (_name, text) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }), (sizes) => {
        expect(read(text, sizes)).toMatchObject({ status: 200, body: 'hello', isWhole: true })
      }),
    )
    expect(read(text)).toMatchObject({ isWhole: true, isClean: true })
  })

  test('fields: whatever the case of their names, repeated ones joined, empty ones kept', () => {
    const { head } = read(
      'HTTP/1.1 204 No Content\r\nContent-TYPE: 1\r\nMcp-Session-Id:\r\nX-Other: 3\r\ncontent-type:  2 \r\n\r\n',
    )
    expect([head?.get('content-type'), head?.get('mcp-session-id'), head?.get('content-encoding')]).toEqual([
      '1, 2',
      '',
      undefined,
    ])
    expect(read('HTTP/1.1 204 No Content\r\n\r\n').isWhole).toBe(true)
    expect(read('HTTP/1.1 304\r\nContent-Length: 9\r\n\r\n').isWhole).toBe(true)
  })

  test('a body without a length ends with its socket, and that socket is not used again', () => {
    const text = 'HTTP/1.1 200 OK\r\n\r\nhello'
    expect(read(text, [7])).toMatchObject({ body: 'hello', isWhole: false })
    const ended = read(text, [7], true)
    expect(ended).toMatchObject({ body: 'hello', isWhole: true })
    expect(ended.head?.keepsAlive).toBe(false)
  })

  test('what the server says about the connection is heeded', () => {
    const keeps = (fields: string, version = '1.1') =>
      read(`HTTP/${version} 200 OK\r\nContent-Length: 0\r\n${fields}\r\n`).head
    expect(keeps('')?.keepsAlive).toBe(true)
    expect(keeps('Connection: Close\r\n')?.keepsAlive).toBe(false)
    expect(keeps('Connection: keep-alive, Close\r\n')?.keepsAlive).toBe(false)
    expect(keeps('Connection: x-hop\r\nConnection: close\r\n')?.keepsAlive).toBe(false)
    expect(keeps('Connection: closet\r\n')?.keepsAlive).toBe(true)
    expect(keeps('Connection: x-hop, keep-alive\r\n', '1.0')?.keepsAlive).toBe(true)
    expect(keeps('', '1.0')?.keepsAlive).toBe(false)
    expect(keeps('Connection: keep-alive\r\n', '1.0')?.keepsAlive).toBe(true)
    expect(keeps('Keep-Alive: max=5, timeout=7\r\n')?.keepAliveMs).toBe(7000)
    expect(keeps('')?.keepAliveMs).toBeNull()
  })
})

describe('SES-1: an answer can never become that of the next request on the socket', () => {
  test('bytes behind a whole response make its socket unclean', () => {
    for (const more of ['x', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx', '\r\n']) {
      expect(read(`${WHOLE['by length']}${more}`)).toMatchObject({ body: 'hello', isWhole: true, isClean: false })
      expect(read(`${WHOLE['in chunks']}${more}`)).toMatchObject({ body: 'hello', isWhole: true, isClean: false })
    }
  })

  test('bytes that nobody asked for are a fault', () => {
    const reader = new ResponseReader(
      { onHead: () => undefined, onData: () => undefined, onEnd: () => undefined },
      4096,
    )
    expect(() => reader.push(Buffer.from('H'))).toThrow(ResponseFault)
  })

  const AMBIGUOUS = {
    'two lengths': 'Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello',
    'a list of lengths': 'Content-Length: 5, 5\r\n\r\nhello',
    'a length with a sign': 'Content-Length: +5\r\n\r\nhello',
    'a length in hexadecimal': 'Content-Length: 0x5\r\n\r\nhello',
    'an empty length': 'Content-Length:\r\n\r\nhello',
    'a length beyond counting': `Content-Length: ${'9'.repeat(20)}\r\n\r\nhello`,
    'length and coding': 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'another coding': 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    'two codings': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n',
    'a coding that looks like chunked': 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'a bare LF': 'X-A: 1\nContent-Length: 5\r\n\r\nhello',
    'a bare CR': 'X-A: 1\rContent-Length: 5\r\n\r\nhello',
    'a NUL': 'X-A: \0\r\nContent-Length: 5\r\n\r\nhello',
    'a folded line': 'X-A: 1\r\n Content-Length: 5\r\n\r\nhello',
    'a space before the colon': 'Content-Length : 5\r\n\r\nhello',
    'a line without a colon': 'Content-Length\r\n\r\nhello',
    'a field without a name': ': 5\r\n\r\nhello',
    'a chunk with a sign': 'Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n',
    'a chunk with a prefix': 'Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n',
    'a chunk without a size': 'Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n',
    'a chunk longer than it says': 'Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n',
    'a chunk that ends in LF alone': 'Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n',
    'a size beyond counting': 'Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\nhello\r\n0\r\n\r\n',
    'an endless chunk line': `Transfer-Encoding: chunked\r\n\r\n5;${'x'.repeat(5000)}\r\nhello\r\n0\r\n\r\n`,
    'endless trailers': `Transfer-Encoding: chunked\r\n\r\n0\r\n${'X-A: 1\r\n'.repeat(2000)}\r\n`,
    'too many fields': `${'X-A: 1\r\n'.repeat(600)}\r\n`,
    'a head beyond the limit': `X-A: ${'x'.repeat(5000)}\r\n\r\n`,
  }
  test.each(Object.entries(AMBIGUOUS))('refused: %s', (_name, rest) => {
    expect(() => read(`HTTP/1.1 200 OK\r\n${rest}`)).toThrow(ResponseFault)
    expect(() => read(`HTTP/1.1 200 OK\r\n${rest}`, [3])).toThrow(ResponseFault)
  })

  test.each([
    'HTTP/2 200 OK',
    'HTTP/1.2 200 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1  200 OK',
    'http/1.1 200 OK',
    'ICY 200 OK',
    '',
    ' HTTP/1.1 200 OK',
  ])('no status line: %j', (line) => {
    expect(() => read(`${line}\r\nContent-Length: 0\r\n\r\n`)).toThrow(ResponseFault)
  })

  test('nobody switches protocols, and interim responses are counted', () => {
    expect(() => read('HTTP/1.1 101 Switching\r\n\r\n')).toThrow(ResponseFault)
    expect(() => read('HTTP/1.1 100 C\r\n\r\n'.repeat(20))).toThrow(ResponseFault)
  })

  test('no fault holds a byte of what was read', () => {
    expect(() => read('HTTP/1.1 200 canary\r\ncanary\r\n\r\n')).toThrow(/^(?!.*canary)/)
  })
})

test("what node's own client reads from these bytes, or refuses, the reader reads alike, or refuses", async () => {
  let next = ''
  const server = createNetServer((socket) =>
    socket.once('data', () => socket.end(Buffer.from(next, 'latin1'))).on('error', () => undefined),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const line = fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.0 200 OK', 'HTTP/1.1 204 N', 'HTTP/1.1 200', 'HTTP/1.1 404 é')
  const field = fc.constantFrom(
    'Content-Length: 5',
    'Content-Length: 05',
    'content-length:5',
    'Content-Length: 5 ',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: Chunked',
    'Connection: close',
    'X-A: \t b ',
    'X-B: é',
    'X C: 1',
    ' X-D: 1',
    'X-E:',
  )
  const body = fc.constantFrom(
    'hello',
    '5\r\nhello\r\n0\r\n\r\n',
    '05\r\nhello\r\n0\r\n\r\n',
    '5 ;a=b\r\nhello\r\n0\r\n\r\n',
    '2\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n',
  )
  await fc.assert(
    fc.asyncProperty(line, fc.uniqueArray(field, { maxLength: 3 }), body, async (status, fields, rest) => {
      next = `${[status, ...fields].join('\r\n')}\r\n\r\n${rest}`
      const theirs = await askNode(port)
      const ours = readOrRefuse(next)
      // the reader may refuse what node takes, never the other way round; and what both take they understand alike
      if (ours === null) return
      expect({ text: next, ...ours }).toEqual({ text: next, ...theirs })
    }),
    { numRuns: 300 },
  )
  await new Promise((resolve) => server.close(resolve))
}, 30_000)

function readOrRefuse(text: string): { status: number; body: string } | null {
  try {
    const { status, body, isWhole, isClean } = read(text, [text.length], true)
    return isWhole && isClean ? { status, body } : null
  } catch (error) {
    if (error instanceof ResponseFault) return null
    throw error
  }
}

function askNode(port: number): Promise<{ status: number; body: string } | null> {
  return new Promise((resolve) => {
    const failed = () => resolve(null)
    request({ port, host: '127.0.0.1', agent: false }, (response: IncomingMessage) => {
      let body = ''
      response.setEncoding('latin1')
      response.on('data', (piece: string) => void (body += piece))
      response.on('error', failed)
      response.on('end', () => resolve(response.complete ? { status: response.statusCode ?? 0, body } : null))
    })
      .on('error', failed)
      .end()
  })
}
