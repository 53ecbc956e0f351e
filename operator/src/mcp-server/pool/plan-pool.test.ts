// The pool's plan played against a world that starts, ends and takes pods as it likes: it always comes to its size, and never has more than
// one pod too many.
import { LABELS } from '@mcphub/api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { viewPod } from '../../pods/view-pod.ts'
import type { PodObject } from '../../resources.ts'
import { isClaimable, planPool } from './plan-pool.ts'

interface Given {
  readonly name: string
  readonly hash?: string
  readonly phase?: string
  readonly ends?: boolean
}
const pod = ({ name, hash = 'new', phase = 'Running', ends = false }: Given): PodObject =>
  viewPod({
    metadata: {
      namespace: 'x',
      name,
      uid: `u-${name}`,
      resourceVersion: '1',
      labels: { [LABELS.templateHash]: hash },
      ...(ends ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    status: { phase },
  })
const plan = (replicas: number, ...given: Given[]): { create: number; remove: string[]; complete: boolean } => {
  const { create, remove, complete } = planPool({ replicas, templateHash: 'new', pods: given.map(pod) })
  return { create, remove: remove.map(({ metadata }) => metadata.name), complete }
}

test.each<[string, number, Given[], number, string[], boolean]>([
  ['nothing is wanted, nothing is there', 0, [], 0, [], true],
  ['what is missing is made', 3, [{ name: 'a' }], 2, [], false],
  ['one that starts counts', 2, [{ name: 'a' }, { name: 'b', phase: 'Pending' }], 0, [], false],
  ['one that is deleted does not', 1, [{ name: 'a', ends: true }], 1, [], false],
  ['one that ended goes, and another comes', 1, [{ name: 'a', phase: 'Failed' }], 1, ['a'], false],
  [
    'the surplus goes, first what cannot be taken yet',
    1,
    [{ name: 'a' }, { name: 'b', phase: 'Pending' }],
    0,
    ['b'],
    true,
  ],
  ['an older one stays until a fresh one can be taken', 1, [{ name: 'old', hash: 'old' }], 1, [], false],
  ['then it goes', 1, [{ name: 'old', hash: 'old' }, { name: 'a' }], 0, ['old'], false],
  [
    'an older one that is of no use goes at once',
    1,
    [{ name: 'old', hash: 'old', phase: 'Pending' }],
    1,
    ['old'],
    false,
  ],
  [
    'one at a time',
    2,
    [
      { name: 'o1', hash: 'old' },
      { name: 'o2', hash: 'old' },
    ],
    1,
    [],
    false,
  ],
  ['all go when none is wanted', 0, [{ name: 'o', hash: 'old' }, { name: 'a' }], 0, ['a', 'o'], false],
])('%s', (_what, replicas, given, create, remove, complete) => {
  expect(plan(replicas, ...given)).toEqual({ create, remove, complete })
})

const event = fc.oneof(
  fc.constant('start' as const),
  fc.constant('fail' as const),
  fc.constant('claim' as const),
  fc.constant('change' as const),
  fc.constant('lose' as const),
)

test('whatever happens to the pods, the pool comes to its size, and is never more than one too large', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4 }), fc.array(event, { maxLength: 40 }), (replicas, events) => {
      let pods: PodObject[] = []
      let made = 0
      let generation = 0
      const step = (): boolean => {
        const before = pods.length
        const { create, remove } = planPool({ replicas, templateHash: `h${generation}`, pods })
        pods = pods.filter((one) => !remove.includes(one))
        for (let i = 0; i < create; i++)
          pods.push(pod({ name: `p${made++}`, hash: `h${generation}`, phase: 'Pending' }))
        expect(pods.length).toBeLessThanOrEqual(Math.max(before, replicas + 1))
        return create > 0 || remove.length > 0
      }
      const startAll = (): void => {
        pods = pods.map((one) => (one.phase === 'Pending' ? { ...one, phase: 'Running' } : one))
      }
      for (const what of events) {
        const [first] = pods
        if (what === 'change') generation++
        else if (what === 'start') startAll()
        else if (first && what === 'fail') pods = [{ ...first, phase: 'Failed' }, ...pods.slice(1)]
        else if (first && (what === 'claim' ? isClaimable(first) : what === 'lose')) pods = pods.slice(1)
        step()
      }
      for (let turn = 0; turn < 50 && (startAll(), step()); turn++);
      expect(pods.every(isClaimable)).toBe(true)
      expect(pods.map(({ metadata }) => metadata.labels?.[LABELS.templateHash])).toEqual(
        Array.from({ length: replicas }, () => `h${generation}`),
      )
      expect(planPool({ replicas, templateHash: `h${generation}`, pods })).toMatchObject({
        complete: true,
        readyReplicas: replicas,
      })
    }),
    { numRuns: 300 },
  )
})

test('while a template changes, pods that can be taken are never fewer than before, but for what is taken', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), (replicas) => {
      let pods = Array.from({ length: replicas }, (_, at) => pod({ name: `o${at}`, hash: 'old' }))
      let made = 0
      for (let turn = 0; turn < 20; turn++) {
        const { create, remove } = planPool({ replicas, templateHash: 'new', pods })
        pods = pods.filter((one) => !remove.includes(one))
        for (let i = 0; i < create; i++) pods.push(pod({ name: `n${made++}`, phase: 'Pending' }))
        expect(pods.filter(isClaimable).length).toBeGreaterThanOrEqual(replicas)
        pods = pods.map((one) => ({ ...one, phase: 'Running' }))
      }
      expect(made).toBe(replicas)
    }),
  )
})
