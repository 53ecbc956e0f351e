import { expect, test } from 'vitest'
import type { HeldOutput, HeldSandboxes } from '../sandboxes/pods/other-replicas.ts'
import { answerQuestion, createQuestions } from './sandbox-questions.ts'

const OUTPUT: HeldOutput = {
  userId: 'alice',
  server: 'files',
  text: 'said',
  mark: 'm-4',
  hasGap: false,
  isLive: true,
  lastUsedAt: 1,
}
const stopped: string[] = []
const held: HeldSandboxes = {
  rows: () => [],
  output: async (id, after) => (id === 'mine' ? { ...OUTPUT, mark: `${after}` } : null),
  stop: async (id) => stopped.push(id),
}

test('who answers otherwise, not at all, or holds nothing is left out', async () => {
  const answers = [JSON.stringify({ ...OUTPUT, ofLater: true }), null, 'null', '{"text":1}', 'no JSON', '']
  const asked: unknown[] = []
  const questions = createQuestions(async (body) => {
    asked.push(JSON.parse(body))
    return answers
  })
  expect(await questions.output('mine', 'm-0')).toEqual([OUTPUT])
  expect(asked).toEqual([{ kind: 'output', id: 'mine', after: 'm-0' }])
  expect(await questions.rows()).toEqual([])
  expect(await createQuestions(async () => ['2', '-1', null, '3']).stop('mine')).toBe(5)
})

test('is answered of what is held; what is no question is not', async () => {
  const ask = async (question: unknown): Promise<unknown> => {
    const text = await answerQuestion(held, JSON.stringify(question))
    return text === null ? 'not understood' : (JSON.parse(text) as unknown)
  }
  expect(await ask({ kind: 'output', id: 'mine', after: 'm-0' })).toEqual({ ...OUTPUT, mark: 'm-0' })
  expect(await ask({ kind: 'output', id: 'other', after: null })).toBeNull()
  expect([await ask({ kind: 'rows' }), await ask({ kind: 'stop', id: 'mine' })]).toEqual([[], 1])
  for (const foreign of [{ kind: 'acquire', id: 'mine' }, { kind: 'stop' }, { kind: 'stop', id: 7 }, 'stop'])
    expect(await ask(foreign)).toBe('not understood')
  expect(await answerQuestion(held, '{')).toBeNull()
  expect(stopped).toEqual(['mine'])
})
