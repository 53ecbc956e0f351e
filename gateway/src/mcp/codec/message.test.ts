import { describe, expect, test } from 'vitest'
import { readMessage, salvageId } from './message.ts'

describe('JSON-RPC messages', () => {
  test('requests, notifications and answers are told apart', () => {
    expect(readMessage({ jsonrpc: '2.0', id: 'a"b', method: 'm', params: { x: 1 } })).toEqual({
      kind: 'request',
      id: 'a"b',
      idJson: '"a\\"b"',
      method: 'm',
      params: { x: 1 },
    })
    expect(readMessage({ jsonrpc: '2.0', method: 'm' })).toMatchObject({ kind: 'notification' })
    expect(readMessage({ jsonrpc: '2.0', id: 1, result: {} })).toMatchObject({
      kind: 'response',
      answer: { result: {} },
    })
    const error = { code: -1, message: 'no', data: [1] }
    expect(readMessage({ jsonrpc: '2.0', id: 1, error })).toMatchObject({ kind: 'response', answer: { error } })
  })

  test.each([
    { jsonrpc: '2.0', id: 1 },
    { jsonrpc: '2.0', id: 1, result: {}, error: { code: 1, message: '' } },
    { jsonrpc: '2.0', id: 1, result: 7 },
    { jsonrpc: '2.0', id: 1, error: { code: 'x', message: '' } },
    { jsonrpc: '2.0', id: 1, method: 'm', result: {} },
    { jsonrpc: '2.0', id: 1, method: '' },
    { jsonrpc: '2.0', id: 1, method: 'x'.repeat(257) },
    { jsonrpc: '2.0', id: 1, method: 'm', params: null },
    { jsonrpc: '2.0', id: {}, method: 'm' },
    { jsonrpc: '2.0', id: 'x'.repeat(257), method: 'm' },
    { jsonrpc: '2.0', id: 1e21, method: 'm' },
    { jsonrpc: '2.0', method: 'm', ID: 1 },
    { jsonrpc: '2.0', method: 'm', JSONRPC: '2.0' },
    { id: 1, method: 'm' },
    'text',
    null,
  ])('GW-6: %j is refused', (value) => {
    expect(() => readMessage(value)).toThrow(expect.objectContaining({ code: 'invalid_request' }))
  })

  test('members nobody knows are let through', () => {
    expect(readMessage({ jsonrpc: '2.0', method: 'm', extra: 1 })).toMatchObject({ kind: 'notification' })
  })

  test('an id is given back where there is one', () => {
    expect([salvageId({ id: 7 }), salvageId({ id: 'x' }), salvageId({ id: 1.5 }), salvageId(undefined)]).toEqual([
      '7',
      '"x"',
      'null',
      'null',
    ])
  })
})
