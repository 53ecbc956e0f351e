import { expect, test } from 'vitest'
import { HubError, LIMITS } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import { Batch, type BatchEnd } from './batch.ts'

const ALICE = { userId: 'alice', keyId: 'key' } as Principal

test('GW-10: a batch holds no more than one message may have, all its answers together; a call beyond that fails and is ended', () => {
  let sent: BatchEnd = null
  const outcomes: string[] = []
  const batch = new Batch(ALICE, (end) => (sent = end))
  const places = ['1', '2', '3'].map((id) => batch.place(id, 'request', (outcome) => outcomes.push(outcome)))
  batch.seal()
  const canceled: string[] = []
  const handle = {
    cancel: (reason: string) => canceled.push(reason),
    resume: () => undefined,
    handOver: () => undefined,
  }
  for (const place of places) place.attach(handle)
  const [small, large, whole] = places
  small!.answer(Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}'))
  large!.begin()
  const half = Buffer.alloc(LIMITS.upstreamMessageBytes / 2, ' ')
  large!.chunk(half)
  expect(canceled).toEqual([])
  large!.chunk(half)
  large!.end()
  expect(canceled).toHaveLength(1)
  whole!.answer(Buffer.alloc(LIMITS.upstreamMessageBytes, ' '))
  expect(outcomes).toEqual(['ok', 'error', 'error'])
  const answers = JSON.parse(String(sent)) as { id: number; result?: object; error?: { message: string } }[]
  expect(answers.map(({ id, error }) => [id, error === undefined])).toEqual([
    [1, true],
    [2, false],
    [3, false],
  ])
})

test.each(['canceled', 'unauthenticated'] as const)('a call cut off as %s stands in the books as canceled', (code) => {
  const ends: unknown[] = []
  const batch = new Batch(ALICE, () => undefined)
  batch.place('1', 'request', (...end) => ends.push(end)).fail(new HubError(code, 'It ended'))
  expect(ends).toEqual([['canceled', code]])
})
