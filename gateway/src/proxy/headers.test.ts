import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addModernHeaders,
  addTraceHeaders,
  buildCallHeaders,
  buildSharedHeaders,
  buildStreamHeaders,
  checkOwnHeader,
  checkUpstreamSessionId,
  encodeHeaderValue,
  flatten,
  LinkHeaders,
  SharedHeaders,
  type RequestHeaders,
} from './headers.ts'

const link = () =>
  new LinkHeaders(buildSharedHeaders([{ name: 'Authorization', value: 'Bearer x' }], 'mcphub/1'), {
    userId: 'u',
    sessionId: 's',
    revision: '2025-11-25',
  })
const none = (): RequestHeaders => ({ shared: new SharedHeaders([]), own: [] })
function asObject(headers: RequestHeaders): Record<string, string> {
  const flat = flatten(headers)
  return Object.fromEntries(Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at]!, flat[2 * at + 1]!]))
}

describe('headers to an upstream', () => {
  test("a link's headers are written once and never changed by a call", () => {
    const base = link()
    const before = [...base.flat]
    expect(base.text).toContain('authorization: Bearer x\r\n')
    const lines = Array.from({ length: before.length / 2 }, (_, at) => `${before[2 * at]!}: ${before[2 * at + 1]!}\r\n`)
    expect(base.text).toBe(lines.join(''))
    const call = buildCallHeaders(base, { requestId: 'r', protocolVersion: '2025-11-25', mcpSessionId: 'up' })
    expect(base.flat).toEqual(before)
    expect(asObject(call)).toMatchObject({
      authorization: 'Bearer x',
      'mcp-session-id': 'up',
      'mcp-protocol-version': '2025-11-25',
      'x-mcphub-request-id': 'r',
      'x-mcphub-user-session-id': 'u:s',
    })
  })

  test('a stream asks for events and describes no body', () => {
    const headers = asObject(
      buildStreamHeaders(link(), { protocolVersion: null, mcpSessionId: 'up', lastEventId: 'bad\r\nvalue' }),
    )
    expect(headers['accept']).toBe('text/event-stream')
    expect(headers).not.toHaveProperty('content-type')
    expect(headers).not.toHaveProperty('last-event-id')
  })

  test('only well-formed trace context passes', () => {
    expect(addTraceHeaders(none(), { traceparent: 'a\r\nb', tracestate: 'x=1', baggage: 'k=v' }).own).toEqual([
      'tracestate',
      'x=1',
    ])
  })

  test('SEC-5: whatever passes the check can be sent; what cannot is refused without its value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const reason = checkOwnHeader('X-Api-Key', value)
        if (reason === null) expect(() => new Headers({ 'X-Api-Key': value })).not.toThrow()
        else if (value.length > 3) expect(reason).not.toContain(value)
      }),
    )
    for (const value of ['a\r\nb', 'a\nb', 'a\0b', ' a', 'a ', 'ä', '비밀', '\u007f']) {
      expect(checkOwnHeader('X-Api-Key', value)).not.toBeNull()
    }
  })

  test('SEC-5: what could end a line early is never shared by a link either', () => {
    for (const pair of [
      ['x', 'canary\r\ny: z'],
      ['x: y\r\nz', 'canary'],
      ['x', 'canary\0'],
    ]) {
      expect(() => new SharedHeaders(pair)).toThrow(/^(?!.*canary)/)
    }
  })

  test("ID-6: names that frame the message or say who calls are the hub's own", () => {
    for (const name of [
      'x-mcphub-user-id',
      'X-MCPHUB-Anything',
      'MCP-Session-Id',
      'content-length',
      'Host',
      'TE',
      'a b',
    ]) {
      expect(checkOwnHeader(name, 'x')).not.toBeNull()
    }
  })

  test('encoded values are plain ASCII and can be read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const encoded = encodeHeaderValue(value)
        expect(encoded).toMatch(/^[\x20-\x7e]+$/)
        const coded = /^=\?base64\?(.*)\?=$/.exec(encoded)
        expect(coded ? Buffer.from(coded[1]!, 'base64').toString('utf8') : encoded).toBe(value)
      }),
    )
    expect(addModernHeaders(none(), 'tools/call', '=?base64?eA==?=').own[3]).not.toBe('=?base64?eA==?=')
  })

  test('an upstream session id is visible ASCII, bounded', () => {
    expect(checkUpstreamSessionId('abc-123')).toBe(true)
    for (const id of ['', 'a b', 'a\r\nb', 'ä', 'x'.repeat(1025), undefined, ['a']]) {
      expect(checkUpstreamSessionId(id)).toBe(false)
    }
  })
})
