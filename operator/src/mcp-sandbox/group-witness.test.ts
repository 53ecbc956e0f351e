import { KubeError, type KubeClient } from '@mcphub/kube'
import { expect, test } from 'vitest'
import type { GroupObject } from '../resources.ts'
import { GroupWitness } from './group-witness.ts'

const KEY = 'sandboxes/team'
const SIGNAL = new AbortController().signal
const group = { metadata: { namespace: 'sandboxes', name: 'team', uid: 'g', resourceVersion: '1' } } as GroupObject

type Answer = GroupObject | 404 | 500
function open(answers: Answer[]) {
  const told = { gets: 0, contradictions: 0, errors: 0 }
  const time = { nowMs: 0 }
  const held: (() => void)[] = []
  const get = async (): Promise<GroupObject> => {
    const answer = answers[Math.min(told.gets++, answers.length - 1)]!
    await new Promise<void>((resolve) => held.push(resolve))
    if (typeof answer === 'object') return answer
    const reason = answer === 404 ? 'NotFound' : 'InternalError'
    throw new KubeError({ call: 'GET', code: answer, reason, text: 'on demand' })
  }
  const witness = new GroupWitness({
    client: { get } as unknown as KubeClient,
    onContradiction: () => void told.contradictions++,
    onError: () => void told.errors++,
    nowMs: () => time.nowMs,
  })
  /** The API server answers whoever waits. */
  const answer = (): void => held.splice(0).forEach((go) => go())
  const ask = (): Promise<number | null> => {
    const asked = witness.ask([KEY], SIGNAL)
    answer()
    return asked
  }
  return { witness, told, time, answer, ask }
}

test('a 404 alone means gone; one GET for all who ask, and for a minute', async () => {
  const { witness, told, time, answer, ask } = open([404])
  expect(witness.recall(KEY)).toBeUndefined()
  const asked = [witness.ask([KEY], SIGNAL), witness.ask([KEY], SIGNAL)]
  answer()
  expect(await Promise.all(asked)).toEqual([null, null])
  expect(witness.recall(KEY)).toBe('gone')
  time.nowMs = 59_000
  await ask()
  expect(told).toEqual({ gets: 1, contradictions: 0, errors: 0 })
  time.nowMs = 61_000
  expect(witness.recall(KEY)).toBeUndefined()
  await ask()
  expect(told.gets).toBe(2)
})

test('one that is there counts, and the store is found wrong', async () => {
  const { witness, told, ask } = open([group])
  expect(await ask()).toBeNull()
  expect(witness.recall(KEY)).toMatchObject(group)
  expect(told).toEqual({ gets: 1, contradictions: 1, errors: 0 })
})

test('any other answer is none, and is not asked for again at once', async () => {
  const { witness, told, time, ask } = open([500, group])
  expect(await ask()).toBe(5000)
  expect(await ask()).toBe(5000)
  expect(witness.recall(KEY)).toBeUndefined()
  expect(told).toEqual({ gets: 1, contradictions: 0, errors: 1 })
  time.nowMs = 5001
  expect(await ask()).toBeNull()
  expect(witness.recall(KEY)).toMatchObject(group)
})

test('what the watch tells is younger than any answer, also than one that is on its way', async () => {
  const { witness, answer, ask } = open([group])
  await ask()
  witness.observe({ type: 'deleted', key: KEY, before: group })
  expect(witness.recall(KEY)).toBeUndefined()
  const asked = witness.ask([KEY], SIGNAL)
  witness.observe({ type: 'deleted', key: KEY, before: group })
  answer()
  await asked
  expect(witness.recall(KEY)).toBeUndefined()
})
