// Groups of whatever shape: what can be read holds, the rest is left out and said, and nothing that decides throws.
import { effectiveLimits, userGroupSpec } from '@mcphub/api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readGroup } from './read-group.ts'
import type { GroupObject, ServerObject } from './resources.ts'
import { asStored, damage, replaceOne } from './testing/damage.ts'
import { makeGroupSpec, makeServerSpec } from './testing/objects.ts'
import { listConcerned } from './user-group/group-controller.ts'
import { buildGroupStatus } from './user-group/status.ts'

const metadata = { namespace: 'n', name: 'g', uid: 'u', resourceVersion: '1', generation: 1 }
const group = (spec: unknown): GroupObject => ({ metadata, spec }) as GroupObject
const server = { metadata: { ...metadata, name: 's' }, spec: makeServerSpec() } as ServerObject
const whole = makeGroupSpec({
  limits: { maxRunningPerUser: 2, cpu: '500m', memory: '1Gi', callsPerMinute: 6 },
  sandboxes: { startup: 'Always', runtimeClassName: 'gvisor', idleTimeoutSeconds: 60 },
})
const limitsOf = (read: GroupObject) => effectiveLimits([{ name: 'g', spec: read.spec }])
const statusOf = (read: GroupObject) =>
  buildGroupStatus({
    group: read,
    servers: new Map([['s', server]]),
    counts: { total: 0, running: 0, failed: 0 },
    now: new Date(0),
  })

test('what this version knows is kept as it is, with fields that it does not know', () => {
  const known = group({ ...whole, later: { than: 'this' } })
  expect(readGroup(known)).toBe(known)
})

test.each<[string, object, string, object]>([
  [
    'a way to start of a later version',
    { sandboxes: { ...whole.sandboxes, startup: 'Nightly' } },
    'sandboxes.startup',
    { startup: 'OnDemand', runtimeClassName: 'gvisor', idleTimeoutSeconds: 60, cpu: '500m' },
  ],
  ['no limits', { limits: null }, 'limits', { cpu: null, maxRunningPerUser: null, runtimeClassName: 'gvisor' }],
  ['another limit', { limits: { ...whole.limits, memory: 7 } }, 'limits.memory', { memory: null, cpu: '500m' }],
  ['sandboxes as a text', { sandboxes: 'x' }, 'sandboxes', { runtimeClassName: null, cpu: '500m' }],
  ['activity as a text', { active: 'yes' }, 'active', { runtimeClassName: null, cpu: null }],
])('%s: it is left out and said, the rest holds', (_what, damaged, field, limits) => {
  const read = readGroup(group({ ...whole, ...damaged }))
  expect(limitsOf(read)).toMatchObject(limits)
  const [ready] = statusOf(read).conditions
  expect(ready).toMatchObject({ type: 'Ready', status: 'False', reason: 'Invalid' })
  expect(ready!.message).toContain(`cannot read it: spec.${field}: `)
})

test('OPR-6: a group with any member replaced by anything throws nowhere', () => {
  const selects = { ...whole, servers: undefined, serverSelector: { matchLabels: { tier: 'dev' } } }
  const one = fc.constantFrom<object>({ ...whole, servers: ['s'] }, selects)
  fc.assert(
    fc.property(one, damage, ({ ...sound }, { path, by }) => {
      const read = readGroup(group(asStored(userGroupSpec, replaceOne(sound, path, by))))
      expect(limitsOf(read).startup).toMatch(/^(OnDemand|Always)$/)
      expect(statusOf(read).conditions).toHaveLength(2)
      listConcerned({ type: 'deleted', key: 'n/s', before: server }, [read])
    }),
    { numRuns: 1000 },
  )
})
