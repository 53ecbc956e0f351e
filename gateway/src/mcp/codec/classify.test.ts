import { describe, expect, test } from 'vitest'
import { classify, type McpHeaders } from './classify.ts'
import { readMessage, type RpcRequest } from './message.ts'
import { META, readEnvelope } from './modern-envelope.ts'

const NONE: McpHeaders = { version: undefined, session: undefined, method: undefined, name: undefined }
const request = (method: string, params?: object) =>
  readMessage({ jsonrpc: '2.0', id: 1, method, ...(params ? { params } : {}) }) as RpcRequest
const modern = (method: string, params: object = {}, version: unknown = '2026-07-28') =>
  request(method, { ...params, _meta: { [META.protocolVersion]: version, [META.clientCapabilities]: {}, kept: 1 } })
const failsWith = (code: string, run: () => unknown) => expect(run).toThrow(expect.objectContaining({ code }))

describe('which era a message belongs to', () => {
  test.each([
    [request('tools/list'), NONE, { kind: 'stateless', revision: '2025-03-26' }],
    [request('tools/list'), { ...NONE, version: '2025-06-18' }, { kind: 'stateless', revision: '2025-06-18' }],
    [request('tools/list'), { ...NONE, session: 's' }, { kind: 'session', sessionId: 's' }],
    [request('initialize'), NONE, { kind: 'initialize' }],
    [request('initialize'), { ...NONE, version: '2026-07-28' }, { kind: 'initialize' }],
    [request('initialize'), { ...NONE, session: 's' }, { kind: 'initialize' }],
    [modern('tools/list'), NONE, { kind: 'modern' }],
    [modern('tools/list'), { ...NONE, version: '2026-07-28', session: 's' }, { kind: 'modern' }],
    [modern('initialize'), { ...NONE, version: '2026-07-28' }, { kind: 'modern' }],
  ] as const)('case %#', (message, headers, expected) => {
    expect(classify(message, headers)).toEqual(expected)
  })

  test('SES-10: mixtures are refused', () => {
    failsWith('header_mismatch', () => classify(modern('ping'), { ...NONE, version: '2025-11-25' }))
    failsWith('invalid_params', () => classify(request('ping'), { ...NONE, version: '2026-07-28' }))
    failsWith('invalid_params', () => classify(modern('ping', {}, 7), NONE))
    failsWith('unsupported_version', () => classify(modern('ping', {}, '2025-11-25'), NONE))
    failsWith('unsupported_version', () => classify(request('ping'), { ...NONE, version: '1999-01-01' }))
  })

  test('the envelope: headers repeat the body', () => {
    const call = modern('tools/call', { name: 'ä' })
    const headers = { version: '2026-07-28', session: undefined, method: 'tools/call', name: '=?base64?w6Q=?=' }
    expect(readEnvelope(call, headers)).toEqual({ revision: '2026-07-28', clientCapabilities: {}, clientInfo: null })
    for (const wrong of [{ method: undefined }, { method: 'tools/list' }, { name: undefined }, { name: 'a' }]) {
      failsWith('header_mismatch', () => readEnvelope(call, { ...headers, ...wrong }))
    }
    failsWith('header_mismatch', () => readEnvelope(call, { ...headers, version: undefined }))
  })
})
