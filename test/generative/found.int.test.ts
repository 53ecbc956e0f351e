// What random sequences found in the real code, each as the shortest sequence that shows it. Judged as those are.
import { expect, test } from 'vitest'
import { Judge } from './judge.ts'
import type { CallPlan, Step } from './plan.ts'
import { Sequence } from './sequence.ts'
import { openWorld } from './world.ts'

const call = (plan: Partial<CallPlan>): Step => ({
  kind: 'call',
  call: {
    caller: 'a1',
    server: 'web',
    act: 'echo',
    id: 1,
    token: null,
    accept: 'both',
    bare: false,
    ms: 5,
    ...plan,
  },
})

const FOUND: readonly (readonly [string, readonly Step[]])[] = [
  [
    'a call whose key is revoked is refused as such, and stands in the books once',
    [
      call({ caller: 'a1', act: 'held' }),
      call({ caller: 'aModern', act: 'held', server: 'now' }),
      call({ caller: 'aPlain', act: 'held', server: 'own' }),
      { kind: 'pause', ms: 30 },
      { kind: 'revoke', who: 'a', silently: false },
    ],
  ],
  [
    'a call whose client leaves stands in the books once',
    [
      call({ caller: 'aModern', act: 'held' }),
      { kind: 'drop', of: 0 },
      call({ caller: 'bModern', act: 'held', server: 'own' }),
      { kind: 'drop', of: 0 },
    ],
  ],
  [
    'a new value and the end of the person right after: no child is left of the look at their lists',
    [call({ server: 'own' }), { kind: 'settle' }, { kind: 'rotate', who: 'a' }],
  ],
]

test.each(FOUND)('%s', async (_name, steps) => {
  const world = await openWorld()
  try {
    const judge = new Judge(world.behaviours)
    await new Sequence(world, judge, 0).play(steps)
    expect([...judge.violations, ...world.behaviours.violations, ...world.errors]).toEqual([])
  } finally {
    await world.close()
  }
})
