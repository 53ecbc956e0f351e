import fc from 'fast-check'
import { expect, test } from 'vitest'
import { userGroupSpec } from './crds/user-group.ts'
import { effectiveLimits, type NamedGroup } from './group-limits.ts'
import { cpuMillis, memoryBytes } from './quantities.ts'

const group = (name: string, spec: object = {}): NamedGroup => ({
  name,
  spec: userGroupSpec.parse({ servers: [], ...spec }),
})

test('no group says nothing', () => {
  expect(effectiveLimits([])).toEqual({
    maxRunningPerUser: null,
    cpu: null,
    memory: null,
    callsPerMinute: null,
    idleTimeoutSeconds: null,
    runtimeClassName: null,
    startup: 'OnDemand',
  })
  expect(effectiveLimits([group('a')])).toEqual(effectiveLimits([]))
})

test('the largest that is set counts, by size and not by spelling', () => {
  const groups = [
    group('a', {
      limits: { cpu: '1500m', memory: '1Gi', maxRunningPerUser: 2 },
      sandboxes: { idleTimeoutSeconds: 60 },
    }),
    group('b', { limits: { cpu: '2', memory: '900Mi', callsPerMinute: 10 }, sandboxes: { idleTimeoutSeconds: 600 } }),
    group('c', { limits: { maxRunningPerUser: 0 }, sandboxes: { startup: 'Always' } }),
  ]
  expect(effectiveLimits(groups)).toEqual({
    maxRunningPerUser: 2,
    cpu: '2',
    memory: '1Gi',
    callsPerMinute: 10,
    idleTimeoutSeconds: 600,
    runtimeClassName: null,
    startup: 'Always',
  })
})

test('a limit of 0 is a limit', () => {
  expect(effectiveLimits([group('a', { limits: { maxRunningPerUser: 0 } })]).maxRunningPerUser).toBe(0)
})

test('the runtime class is that of the first group by name, in whatever order they come', () => {
  const runtime = (name: string, runtimeClassName?: string): NamedGroup =>
    group(name, { sandboxes: runtimeClassName === undefined ? {} : { runtimeClassName } })
  const groups = [runtime('c', 'kata'), runtime('a'), runtime('b', 'gvisor')]
  expect(effectiveLimits(groups).runtimeClassName).toBe('gvisor')
  expect(effectiveLimits(groups.toReversed()).runtimeClassName).toBe('gvisor')
})

test('a group that is not active counts for nothing', () => {
  const spec = { limits: { maxRunningPerUser: 9, cpu: '8' }, sandboxes: { startup: 'Always', runtimeClassName: 'x' } }
  expect(effectiveLimits([group('a', { ...spec, active: false })])).toEqual(effectiveLimits([]))
})

test('one group more never gives less, and the order does not matter', () => {
  const limits = fc.record(
    {
      maxRunningPerUser: fc.integer({ min: 0, max: 1000 }),
      cpu: fc.constantFrom('10m', '500m', '1', '1.5', '0.25'),
      memory: fc.constantFrom('64Mi', '1Gi', '1G', '500000k', '1.5Gi'),
      callsPerMinute: fc.integer({ min: 1, max: 1_000_000 }),
    },
    { requiredKeys: [] },
  )
  const groups = fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[a-z]{1,6}$/), limits }), {
    selector: ({ name }) => name,
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(groups, (some) => {
      const all = some.map(({ name, limits: given }) => group(name, { limits: given }))
      const [fewer, more] = [effectiveLimits(all.slice(1)), effectiveLimits(all)]
      expect(effectiveLimits(all.toReversed())).toEqual(more)
      for (const name of ['maxRunningPerUser', 'callsPerMinute'] as const)
        if (fewer[name] !== null) expect(more[name]).toBeGreaterThanOrEqual(fewer[name])
      if (fewer.cpu !== null) expect(cpuMillis(more.cpu!)).toBeGreaterThanOrEqual(cpuMillis(fewer.cpu)!)
      if (fewer.memory !== null) expect(memoryBytes(more.memory!)).toBeGreaterThanOrEqual(memoryBytes(fewer.memory)!)
    }),
  )
})

test('quantities as numbers', () => {
  expect(['500m', '2', '0.29', '1.5', '0', '1e3', '-1', ''].map(cpuMillis)).toEqual([
    500,
    2000,
    290,
    1500,
    0,
    null,
    null,
    null,
  ])
  expect(['512Mi', '1Gi', '1G', '1.5Gi', '1048576', '100k', '1 Gi', 'Mi'].map(memoryBytes)).toEqual([
    536870912,
    1073741824,
    1_000_000_000,
    1610612736,
    1048576,
    100_000,
    null,
    null,
  ])
})
