import { expect, test } from 'vitest'
import { MessageReader, type MessageEnd } from './message-reader.ts'

const SHAPE = { idJson: '7', mintedJson: '"hub-1"', method: 'tools/call', from: 'modern', to: 'modern' } as const

function read(result: object): { end: MessageEnd; passed: string } {
  const parts: Buffer[] = []
  const reader = new MessageReader(SHAPE, 1024 * 1024, {
    begin: () => undefined,
    chunk: (bytes) => parts.push(Buffer.from(bytes)) > 0,
  })
  const bytes = Buffer.from(JSON.stringify({ result, jsonrpc: '2.0', id: 'hub-1' }))
  for (let at = 0; at < bytes.length; at += 10_000) expect(reader.push(bytes.subarray(at, at + 10_000))).toBeNull()
  return { end: reader.end(), passed: Buffer.concat(parts).toString('utf8') }
}

const filler = 'x'.repeat(50_000)

test('SES-6: a large answer that asks for input is held whole, so that its state can be sealed', () => {
  const result = {
    resultType: 'input_required',
    inputRequests: { a: { method: 'roots/list', filler } },
    requestState: 's',
  }
  const { end, passed } = read(result)
  expect(passed).toBe('')
  expect(end).toMatchObject({ kind: 'message', message: { kind: 'response', id: 'hub-1', result } })
})

test('any other large answer passes while it arrives', () => {
  const { end, passed } = read({ resultType: 'complete', content: [{ type: 'text', text: filler }] })
  expect(end).toEqual({ kind: 'passed' })
  expect(JSON.parse(passed)).toMatchObject({ id: 7, result: { resultType: 'complete' } })
})
