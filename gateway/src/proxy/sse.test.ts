import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SseParser } from './sse.ts'

function readAll(chunks: readonly Buffer[]) {
  const events: { type: string; data: string; id: string | null }[] = []
  let data: Buffer[] = []
  const parser: SseParser = new SseParser({
    data: (piece) => void data.push(Buffer.from(piece)),
    event: (type) => {
      events.push({ type, data: Buffer.concat(data).toString('utf8'), id: parser.lastId })
      data = []
    },
  })
  for (const chunk of chunks) parser.push(chunk)
  return { events, parser }
}

const read = (text: string) => readAll([Buffer.from(text)]).events
const message = (data: string) => ({ type: 'message', data, id: null })

describe('an event stream', () => {
  test.each([
    ['LF', 'data: a\n\ndata: b\n\n'],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n'],
    ['CR', 'data: a\r\rdata: b\r\r'],
    ['a byte order mark', '\uFEFFdata: a\n\ndata: b\n\n'],
    ['comments', ': hi\n\ndata: a\n: there\n\n:\ndata: b\n\n'],
    ['no space after the colon', 'data:a\n\ndata:b\n\n'],
    ['unknown fields', 'foo: 1\ndata: a\n\nbar\ndata: b\n\n'],
  ])('with %s', (_what, text) => expect(read(text)).toEqual([message('a'), message('b')]))

  test('several data lines are one event; only the first space is dropped', () => {
    expect(read('data:  a\ndata\ndata: b\n\n')).toEqual([message(' a\n\nb')])
  })

  test('type, id and retry', () => {
    const { events, parser } = readAll([Buffer.from('event: endpoint\nid: 7\nretry: 250\ndata: /x\n\ndata: y\n\n')])
    expect(events).toEqual([
      { type: 'endpoint', data: '/x', id: '7' },
      { type: 'message', data: 'y', id: '7' },
    ])
    expect(parser.retryMs).toBe(250)
  })

  test('an id without data tells its place only', () => expect(read('id: 1\ndata: \n\n')[0]!.data).toBe(''))
  test('an event without its blank line is not told', () => expect(read('data: a\n')).toEqual([]))

  test('nothing more after stop, also within a chunk', () => {
    const types: string[] = []
    const parser: SseParser = new SseParser({
      data: () => undefined,
      event: (type) => {
        types.push(type)
        parser.stop()
      },
    })
    parser.push(Buffer.from('data: a\n\ndata: b\n\n'))
    expect(types).toHaveLength(1)
  })

  test('a line that is not data is bounded', () => {
    const { events, parser } = readAll([Buffer.from('id: '), Buffer.alloc(100_000, 'x'), Buffer.from('\ndata: a\n\n')])
    expect(events).toHaveLength(1)
    expect(parser.lastId!.length).toBeLessThanOrEqual(8192)
  })
})

test('however the bytes are cut, the same events come out', () => {
  const line = fc.oneof(
    fc.constantFrom('data: é', 'data', 'data:', 'event: ping', 'id: 3', ': note', '', 'datax: 1', 'dat', 'retry: 5'),
    fc.string().map((text) => `data: ${text.replace(/[\r\n]/g, '')}`),
  )
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 30 })
    .map((lines) => Buffer.from(lines.map(([text, end]) => text + end).join('')))
  fc.assert(
    fc.property(stream, fc.array(fc.nat(400), { maxLength: 12 }), (bytes, cuts) => {
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((end, at) => bytes.subarray(places[at], end))
      expect(readAll(chunks).events).toEqual(readAll([bytes]).events)
    }),
  )
})
