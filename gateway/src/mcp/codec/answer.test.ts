import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AnswerScan } from './answer-scan.ts'
import { findAnswerId, parseMessage, writeAnswer, type AnswerShape } from './answer.ts'

const shape = (change: Partial<AnswerShape> = {}): AnswerShape => ({
  idJson: '7',
  mintedJson: '"hub-1"',
  method: 'tools/call',
  from: 'legacy',
  to: 'legacy',
  ...change,
})

function write(text: string, change: Partial<AnswerShape> = {}): string {
  const bytes = Buffer.from(text)
  const message = parseMessage(bytes)
  if (message.kind !== 'response') throw new Error(JSON.stringify(message))
  const written = writeAnswer(bytes, message, shape(change))
  if (typeof written === 'string') throw new Error(written)
  return written.toString('utf8')
}

/** The whole output of a scan, or the reason of its refusal. */
function scan(text: string | Buffer, cuts: readonly number[] = [], change: Partial<AnswerShape> = {}) {
  const bytes = Buffer.from(text as string)
  const parts: Buffer[] = []
  const one = new AnswerScan(shape(change), (part) => void parts.push(Buffer.from(part)))
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  let reason: string | null = null
  for (let at = 1; at < places.length && reason === null; at++)
    reason = one.push(bytes.subarray(places[at - 1], places[at]))
  reason ??= one.end()
  return reason === null ? { text: Buffer.concat(parts).toString('utf8') } : { reason }
}

describe('a small answer', () => {
  test.each([
    [
      'id last',
      '{"result":{"a":1.0,"b":"é"},"jsonrpc":"2.0","id":"hub-1"}',
      '{"result":{"a":1.0,"b":"é"},"jsonrpc":"2.0","id":7}',
    ],
    ['id first', '{"jsonrpc":"2.0","id":"hub-1","result":{"a":1e2}}\n', '{"jsonrpc":"2.0","id":7,"result":{"a":1e2}}'],
    [
      'other order',
      '{"id":"hub-1","result":{"a":12345678901234567890},"jsonrpc":"2.0"}',
      '{"jsonrpc":"2.0","id":7,"result":{"a":12345678901234567890}}',
    ],
    [
      'spaces and breaks',
      '{\r\n "jsonrpc": "2.0",\n "id": "hub-1",\n "result": {\n }\n}',
      '{"jsonrpc":"2.0","id":7,"result":{  }}',
    ],
    [
      'its own id inside',
      '{"jsonrpc":"2.0","id":"hub-1","result":{"id":"hub-1","x":[{"id":"hub-1"}]}}',
      '{"jsonrpc":"2.0","id":7,"result":{"id":"hub-1","x":[{"id":"hub-1"}]}}',
    ],
    [
      'an escaped id',
      '{"jsonrpc":"2.0","\\u0069d":"hub\\u002d1","result":{"y":",\\"id\\":\\"hub-1\\"}"}}',
      '{"jsonrpc":"2.0","id":7,"result":{"y":",\\"id\\":\\"hub-1\\"}"}}',
    ],
    [
      'an error',
      '{"jsonrpc":"2.0","id":"hub-1","error":{"code":-32002,"message":"none"}}',
      '{"jsonrpc":"2.0","id":7,"error":{"code":-32002,"message":"none"}}',
    ],
  ])('%s: only the id changes', (_what, from, to) => expect(write(from)).toBe(to))

  test('text and long ids are spliced as they are', () => {
    const idJson = JSON.stringify('é"\n'.repeat(60))
    expect(JSON.parse(write('{"jsonrpc":"2.0","id":"hub-1","result":{}}', { idJson }))).toMatchObject({
      id: 'é"\n'.repeat(60),
    })
  })

  test('a result that cannot be rewritten is refused', () => {
    const rewriteResult = (): never => {
      throw new TypeError('tools is not iterable')
    }
    expect(() => write('{"jsonrpc":"2.0","id":"hub-1","result":{"tools":7}}', { rewriteResult })).toThrow('form')
  })

  test('a changed result is written anew', () => {
    const rewriteResult = () => ({ changed: true })
    expect(write('{"jsonrpc":"2.0","id":"hub-1","result":{"a":1}}', { rewriteResult })).toBe(
      '{"jsonrpc":"2.0","id":7,"result":{"changed":true}}',
    )
  })
})

test('GW-5: a member named twice is refused', () => {
  expect(() => write('{"jsonrpc":"2.0","id":"hub-1","id":"hub-1","result":{}}')).toThrow('twice')
})

describe('between the eras', () => {
  const toModern = { to: 'modern' } as const
  const toLegacy = { from: 'modern', to: 'legacy' } as const
  const answer = (result: object) => JSON.stringify({ jsonrpc: '2.0', id: 'hub-1', result })
  const resultOf = (text: string) => (JSON.parse(text) as { result: object }).result

  test('an older result becomes complete, lists get cache hints', () => {
    expect(resultOf(write(answer({ a: 1 }), toModern))).toEqual({ resultType: 'complete', a: 1 })
    expect(resultOf(write(answer({ tools: [] }), { ...toModern, method: 'tools/list' }))).toEqual({
      resultType: 'complete',
      ttlMs: 0,
      cacheScope: 'private',
      tools: [],
    })
  })

  test('a newer result loses what older clients do not know', () => {
    const meta = { 'io.modelcontextprotocol/serverInfo': { name: 's' }, kept: 1 }
    const result = { resultType: 'complete', ttlMs: 5, cacheScope: 'public', content: [], _meta: meta }
    expect(resultOf(write(answer(result), toLegacy))).toEqual({ content: [], _meta: { kept: 1 } })
  })

  test('a result that is neither complete nor a question is refused for an older client', () => {
    expect(() => write(answer({ resultType: 'task', taskId: 't' }), toLegacy)).toThrow('older client')
    const asking = { resultType: 'input_required', inputRequests: {}, requestState: 's' }
    expect(resultOf(write(answer(asking), toLegacy))).toEqual({ inputRequests: {}, requestState: 's' })
  })

  test('resource not found has one code before and another since', () => {
    const text = '{"jsonrpc":"2.0","id":"hub-1","error":{"code":-32002,"message":"none","data":{"uri":"a:b"}}}'
    expect(JSON.parse(write(text, toModern))).toMatchObject({ error: { code: -32602, data: { uri: 'a:b' } } })
  })

  test('a large older result becomes complete too', () => {
    for (const result of ['{}', '{ }', '{"a":[1]}']) {
      const scanned = scan(`{"result":${result},"jsonrpc":"2.0","id":"hub-1"}`, [3, 12, 14], toModern)
      expect(resultOf(scanned.text!)).toEqual({ resultType: 'complete', ...(JSON.parse(result) as object) })
    }
  })
})

describe('GW-5: what is not a message', () => {
  const deep = `{"jsonrpc":"2.0","id":"hub-1","result":{"x":${'['.repeat(70)}${']'.repeat(70)}}}`
  test.each([
    ['', 'JSON'],
    ['nothing', 'JSON'],
    ['[]', 'batch'],
    ['"text"', 'object'],
    ['null', 'object'],
    ['{"id":"hub-1","result":{}}', 'jsonrpc'],
    ['{"jsonrpc":"1.0","id":"hub-1","result":{}}', 'jsonrpc'],
    ['{"jsonrpc":"2.0","id":"hub-1"}', 'exactly one'],
    ['{"jsonrpc":"2.0","id":"hub-1","result":{},"error":{"code":1,"message":"m"}}', 'exactly one'],
    ['{"jsonrpc":"2.0","id":"hub-1","result":[]}', 'result'],
    ['{"jsonrpc":"2.0","id":"hub-1","result":null}', 'result'],
    ['{"jsonrpc":"2.0","id":"hub-1","error":null}', 'error'],
    ['{"jsonrpc":"2.0","id":"hub-1","error":{"code":"1","message":"m"}}', 'error'],
    ['{"jsonrpc":"2.0","id":"hub-1","method":"x","result":{}}', 'mixes'],
    ['{"jsonrpc":"2.0","method":"x","params":[1]}', 'params'],
    ['{"jsonrpc":"2.0","id":{},"method":"x"}', 'id'],
    [deep, 'deep'],
  ])('GW-5: %s', (text, reason) => {
    expect(parseMessage(Buffer.from(text))).toMatchObject({ kind: 'fault', reason: expect.stringContaining(reason) })
    // in parts it is refused as well; calls and errors never pass in parts
    if (!/"method"|"error"/.test(text)) expect(scan(text)).toHaveProperty('reason')
  })

  test('GW-5: bad UTF-8, whole and in parts', () => {
    const bytes = Buffer.concat([
      Buffer.from('{"jsonrpc":"2.0","id":"hub-1","result":{"x":"'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}}'),
    ])
    expect(parseMessage(bytes)).toMatchObject({ kind: 'fault', reason: 'it is not UTF-8' })
    expect(scan(bytes, [46])).toEqual({ reason: 'it is not UTF-8' })
  })

  test.each([
    ['{"jsonrpc":"2.0","id":"other","result":{}}', 'not the one'],
    ['{"jsonrpc":"2.0","result":{}}', 'not the one'],
    ['{"jsonrpc":"2.0","id":"hub-1","result":{}', 'middle'],
    ['{"jsonrpc":"2.0","id":"hub-1","result":{}}}', 'follows'],
    ['{"jsonrpc":"2.0","id":"hub-1","result":{]}', 'JSON'],
    ['{"jsonrpc":"2.0","id":"hub-1","id":"hub-1","result":{}}', 'twice'],
    ['{"jsonrpc":"2.0","id":"hub-1","result":{},"result":{}}', 'twice'],
    ['{"jsonrpc":"2.0","id":"hub-1","result":{},"method":"x"}', 'exactly one'],
  ])('GW-5: in parts: %s', (text, reason) => {
    expect(scan(text)).toEqual({ reason: expect.stringContaining(reason) as string })
  })
})

describe('the id of an answer that is not parsed', () => {
  const find = (text: string) => findAnswerId(Buffer.from(text))
  const rest = `"result":{"text":"${'x'.repeat(5000)}"}`

  test('is found before and behind everything else, however it is spaced', () => {
    expect(find(`{"jsonrpc":"2.0","id":"hub-1",${rest}}`)).toBe('hub-1')
    expect(find(` { "id" : "hub-1" , ${rest},"jsonrpc":"2.0"}`)).toBe('hub-1')
    expect(find(`{"jsonrpc":"2.0",${rest},"id":"hub-1"}`)).toBe('hub-1')
    expect(find(`{${rest}, "id": "hub-1", "jsonrpc": "2.0" }\r`)).toBe('hub-1')
  })

  test('is nothing that stands in a text or in another object', () => {
    for (const text of [
      `{"jsonrpc":"2.0","result":{"id":"hub-1"}}`,
      JSON.stringify({ jsonrpc: '2.0', method: 'x', params: { text: '"id":"hub-1"}' } }),
      `{"jsonrpc":"2.0","method":"x","params":{"id":"hub-1"}}`,
      `{"jsonrpc":"2.0","id":1,${rest}}`,
      '',
    ])
      expect(find(text)).toBeNull()
  })
})

test("however a large answer is cut, its result comes out unchanged behind the client's id", () => {
  const json = fc.json({ maxDepth: 4, stringUnit: 'grapheme' })
  const order = fc.shuffledSubarray(['id', 'jsonrpc', 'result', 'extra'], { minLength: 4 })
  fc.assert(
    fc.property(json, order, fc.array(fc.nat(2000), { maxLength: 10 }), (value, keys, cuts) => {
      const result = `{"content" : ${value} }`
      const members: Record<string, string> = { id: '"hub-1"', jsonrpc: '"2.0"', result, extra: value }
      const text = ` {${keys.map((key) => `"${key}": ${members[key]!}`).join(' ,')} } `
      expect(scan(text, cuts)).toEqual({ text: `{"jsonrpc":"2.0","id":7,"result":${result}}` })
    }),
    { numRuns: 500 },
  )
})

test('bytes that are no answer never come out as one', () => {
  const junk = fc.array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ',',
      ':',
      '"id"',
      '"hub-1"',
      '"result"',
      '"jsonrpc"',
      '"2.0"',
      '1',
      ' ',
      '\n',
    ),
    { maxLength: 24 },
  )
  fc.assert(
    fc.property(junk, fc.array(fc.nat(100), { maxLength: 5 }), (parts, cuts) => {
      const text = parts.join('')
      const scanned = scan(text, cuts)
      const message = parseMessage(Buffer.from(text))
      if (message.kind !== 'response' || message.id !== 'hub-1') expect(scanned).toHaveProperty('reason')
    }),
    { numRuns: 2000 },
  )
})
