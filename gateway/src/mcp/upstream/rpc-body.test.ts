// The envelope of one hop ends there: what a server is told of the client is the hub's own writing.
import { expect, test } from 'vitest'
import type { UpstreamCall } from './upstream-call.ts'
import { legacyParams, modernParams } from './rpc-body.ts'

const PREFIX = 'io.modelcontextprotocol/'
const META = {
  [`${PREFIX}protocolVersion`]: '2026-07-28',
  [`${PREFIX}clientInfo`]: { name: 'editor', version: '1' },
  [`${PREFIX}clientCapabilities`]: { sampling: {} },
  [`${PREFIX}logLevel`]: 'debug',
  progressToken: 'theirs',
  kept: 1,
}
const HUB = { info: { name: 'mcphub', version: '9' }, capabilities: {} }

function call(params: object | undefined, trace?: Record<string, string>): UpstreamCall {
  return { id: 'minted', request: { params, trace } } as unknown as UpstreamCall
}

test('an older server gets no key of the envelope, the rest of `_meta` as it was, its own progress token', () => {
  expect(legacyParams(call({ name: 'x', _meta: META }))).toEqual({
    name: 'x',
    _meta: { progressToken: 'minted', kept: 1 },
  })
  const { kept: _kept, progressToken: _token, ...envelope } = META
  expect(legacyParams(call({ name: 'x', _meta: envelope }))).toEqual({ name: 'x' })
  expect(legacyParams(call({ name: 'x' }))).toEqual({ name: 'x' })
  expect(legacyParams(call(undefined))).toBeUndefined()
  expect(legacyParams(call(undefined, { traceparent: 't' }))).toEqual({ _meta: { traceparent: 't' } })
})

test("a newer server is told the hub's own view of the client, never the client's", () => {
  expect(modernParams(call({ name: 'x', _meta: META }), HUB)).toEqual({
    name: 'x',
    _meta: {
      [`${PREFIX}protocolVersion`]: '2026-07-28',
      [`${PREFIX}clientInfo`]: HUB.info,
      [`${PREFIX}clientCapabilities`]: {},
      [`${PREFIX}logLevel`]: 'debug',
      progressToken: 'minted',
      kept: 1,
    },
  })
})
