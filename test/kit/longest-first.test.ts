// The order of test files, as a worker gets them.
import { expect, test } from 'vitest'
import type { TestSpecification, Vitest } from 'vitest/node'
import { LongestFirst } from './longest-first.ts'

const config = { root: '/repo', isolate: true, sequence: { groupOrder: 0 } }
const specOf = (path: string) => ({ moduleId: `/repo/${path}`, project: { name: 'one', config } }) as TestSpecification

const DURATIONS: Readonly<Record<string, number>> = {
  'gateway/src/pure.test.ts': 900,
  'gateway/src/brief.int.test.ts': 10,
  'gateway/src/long.int.test.ts': 500,
  'gateway/src/test/below.test.ts': 5,
  'test/e2e/brief.test.ts': 20,
  'test/e2e/long.int.test.ts': 700,
}

test('whole programs begin, pure functions end; what took longer goes before', async () => {
  const getTestSpecificationResult = ({ moduleId }: TestSpecification) => ({
    duration: DURATIONS[moduleId.replace('/repo/', '')],
    failed: false,
  })
  const order = new LongestFirst({ cache: { getTestSpecificationResult } } as unknown as Vitest)
  const sorted = await order.sort(Object.keys(DURATIONS).map(specOf))
  expect(sorted.map(({ moduleId }) => moduleId.replace('/repo/', ''))).toEqual([
    'test/e2e/long.int.test.ts',
    'test/e2e/brief.test.ts',
    'gateway/src/long.int.test.ts',
    'gateway/src/brief.int.test.ts',
    'gateway/src/pure.test.ts',
    'gateway/src/test/below.test.ts',
  ])
})
