// Every code has its three faces, and none blames the caller for a fault of the hub.
import { describe, expect, test } from 'vitest'
import { ERROR_FACES, EXIT_CODES, HubError, toHubError, toProblem, toRpcError } from './errors.ts'
import type { ErrorCode } from './errors.ts'

const CODES = Object.keys(ERROR_FACES) as ErrorCode[]

describe('the table of codes', () => {
  test.each(CODES)('%s has a face on every edge', (code) => {
    const face = ERROR_FACES[code]
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
    expect(face.status).toBeGreaterThanOrEqual(400)
    expect(face.status).toBeLessThan(600)
    expect(face.title).toMatch(/^[A-Z]/)
    expect(Object.values(EXIT_CODES)).toContain(face.exit)
    expect(face.exit).not.toBe(EXIT_CODES.ok)
    expect(face.exit).not.toBe(EXIT_CODES.usage)
  })

  test('a fault of the hub or of a server is never told as the caller’s invalid request', () => {
    const blaming = CODES.filter(
      (code) => ERROR_FACES[code].status >= 500 && [-32600, -32602, -32700].includes(ERROR_FACES[code].rpc),
    )
    expect(blaming).toEqual([])
  })

  test('JSON-RPC codes stay out of the range kept for the protocol, but for those it defines', () => {
    const taken = CODES.map((code) => ERROR_FACES[code].rpc).filter((rpc) => rpc <= -32020 && rpc >= -32099)
    expect(taken.every((rpc) => [-32020, -32021, -32022].includes(rpc))).toBe(true)
  })
})

describe('faces of one error', () => {
  const error = new HubError(
    'missing_variable',
    'Set USER_TOKEN',
    { retryAfterSeconds: 3, data: { variables: ['USER_TOKEN'] }, faults: [{ field: 'a', message: 'b' }] },
    { cause: new Error('canary') },
  )

  test('a problem document', () => {
    expect(toProblem(error, 'r-1')).toEqual({
      type: 'urn:mcphub:error:missing_variable',
      title: 'A variable is not set',
      status: 424,
      detail: 'Set USER_TOKEN',
      said: [],
      code: 'missing_variable',
      requestId: 'r-1',
      faults: [{ field: 'a', message: 'b', said: [] }],
      data: { variables: ['USER_TOKEN'] },
    })
  })

  test('a JSON-RPC error', () => {
    expect(toRpcError(error, 'r-1')).toEqual({
      code: -32010,
      message: 'Set USER_TOKEN',
      data: {
        hubCode: 'missing_variable',
        requestId: 'r-1',
        faults: [{ field: 'a', message: 'b' }],
        retryAfterSeconds: 3,
        variables: ['USER_TOKEN'],
      },
    })
  })

  test('SEC-2: what is not a HubError keeps its words to itself', () => {
    const wrapped = toHubError(new TypeError('Invalid header value "Bearer canary"'))
    expect(wrapped.code).toBe('internal')
    expect(JSON.stringify([toProblem(wrapped, 'r'), toRpcError(wrapped)])).not.toContain('canary')
    expect(toHubError(error)).toBe(error)
  })
})
