import { HubError } from '@mcphub/api'
import { describe, expect, test } from 'vitest'
import { readTraceContext, withSpan, writeTraceContext } from './tracing.ts'

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

describe('trace context', () => {
  test('a valid context is carried whole', () => {
    const headers = { traceparent: parent, tracestate: 'a=1,b=2', baggage: 'k=v' }
    expect(readTraceContext(headers)).toEqual(headers)
    expect(writeTraceContext(readTraceContext(headers))).toEqual(headers)
  })

  test('a malformed, zero or oversized part is dropped, never repaired', () => {
    const zero = '00-00000000000000000000000000000000-b7ad6b7169203331-01'
    for (const traceparent of ['', 'x', zero, parent.toUpperCase(), `ff${parent.slice(2)}`]) {
      expect(readTraceContext({ traceparent, tracestate: 'a=1' })).toBeUndefined()
    }
    expect(readTraceContext({ traceparent: parent, tracestate: 'x'.repeat(513) })).toEqual({ traceparent: parent })
    expect(readTraceContext({ baggage: 'a=\u0000' })).toBeUndefined()
    expect(readTraceContext({})).toBeUndefined()
  })

  test('a span passes results and errors through', async () => {
    expect(await withSpan('work', { carried: { traceparent: parent } }, async () => 7)).toBe(7)
    const failing = withSpan('work', {}, async () => {
      throw new HubError('conflict', 'no')
    })
    await expect(failing).rejects.toThrow('no')
  })
})
