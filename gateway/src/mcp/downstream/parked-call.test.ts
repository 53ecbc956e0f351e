import { expect, test } from 'vitest'
import { LIMITS } from '@mcphub/api'
import type { Principal } from '../../auth/principal.ts'
import type { CallSink, RpcAnswer } from '../upstream/upstreams.ts'
import { ParkedCall } from './parked-call.ts'

test('GW-4: what a server asks within one call is held up to the size of one message, all its questions together', async () => {
  const parkedAs = Promise.withResolvers<string>()
  const sink = {
    answer: (json: Buffer) => parkedAs.resolve(json.toString()),
    fail: () => undefined,
  } as unknown as CallSink
  const handle = { cancel: () => undefined, resume: () => undefined, handOver: () => undefined }
  const parked = new ParkedCall(
    {
      principal: {} as Principal,
      server: 'a',
      method: 'tools/call',
      handle,
      slot: null,
      sealState: () => 'sealed',
      parkedMs: 1000,
      onParked: () => undefined,
      onOver: () => undefined,
    },
    { sink, idJson: '1', progressToken: undefined, clientCapabilities: { elicitation: {} } },
  )
  const answers: (RpcAnswer | null)[] = [null, null, null]
  const ask = (at: number, bytes: number) =>
    parked.request('elicitation/create', { message: 'x'.repeat(bytes) }, (answer) => (answers[at] = answer))
  ask(0, LIMITS.upstreamMessageBytes * 0.6)
  ask(1, LIMITS.upstreamMessageBytes * 0.6)
  ask(2, 1000)
  const { result } = JSON.parse(await parkedAs.promise)
  expect(Object.keys(result.inputRequests)).toHaveLength(2)
  expect(answers.map((answer) => answer !== null && 'error' in answer)).toEqual([false, true, false])
  // what was answered makes room
  const kept = Object.keys(result.inputRequests)
  const retry = { id: parked.id, round: parked.round, idJson: '2', progressToken: undefined, clientCapabilities: {} }
  const responses = new Map(kept.map((key) => [key, { action: 'accept' }]))
  parked.resume({ ...retry, responses, clientCapabilities: { elicitation: {} } }, sink)
  parked.respond(responses)
  answers[1] = null
  ask(1, LIMITS.upstreamMessageBytes * 0.6)
  expect(answers).toEqual([{ result: { action: 'accept' } }, null, { result: { action: 'accept' } }])
  parked.cancel('the test is over')
})
