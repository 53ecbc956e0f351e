// Sandboxes of whatever shape: one that is not known is refused whole, and what is kept throws nowhere.
import { mcpSandboxSpec } from '@mcphub/api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { forgottenAtMs } from './mcp-sandbox/activity.ts'
import type { Observed } from './mcp-sandbox/observed.ts'
import { planSandbox } from './mcp-sandbox/plan.ts'
import type { SandboxObject, ServerObject } from './resources.ts'
import { SandboxCounts, mapToCountedGroups } from './sandbox-counts.ts'
import { slimSandbox } from './slim-sandbox.ts'
import { asStored, damage, replaceOne } from './testing/damage.ts'
import { POD_SETTINGS, makeServerSpec } from './testing/objects.ts'

const TIME = '2026-06-01T12:00:00Z'
const NOW = Date.parse(TIME)
const metadata = { namespace: 'n', name: 's-a', uid: 'u', resourceVersion: '1', generation: 1, creationTimestamp: TIME }
const server = { metadata: { ...metadata, name: 's', uid: 'su' }, spec: makeServerSpec() } as ServerObject
const spec = mcpSandboxSpec.parse({
  serverRef: { name: 's', uid: 'su' },
  userRef: 'a'.repeat(32),
  userGroupRefs: ['team'],
  activeUntilTime: '2026-06-01T12:05:00Z',
})
const status = {
  conditions: [
    { type: 'Ready', status: 'False', reason: 'CrashLoop', message: 'it ended', lastTransitionTime: TIME },
    { type: 'Suspended', status: 'False', reason: 'Active', message: '', lastTransitionTime: TIME },
  ],
  podRef: { name: 's-a-0', uid: 'pu' },
  podIPs: ['10.0.0.1'],
  templateHash: 'x',
  startedTime: TIME,
  failures: { count: 2, lastReason: 'CrashLoop', nextRetryTime: TIME },
}
const read = (object: object): SandboxObject => slimSandbox({ metadata, ...object } as never)

/** Whatever is decided by it. */
function useEverywhere(sandbox: SandboxObject): void {
  const counts = new SandboxCounts()
  counts.observe({ type: 'added', key: 'n/s-a', item: sandbox, initial: true })
  mapToCountedGroups({ type: 'deleted', key: 'n/s-a', before: sandbox })
  forgottenAtMs(sandbox, 30)
  const observed = {
    sandbox,
    server,
    groups: [],
    unknownGroups: [],
    pods: [],
    pool: [],
    isPodName: () => false,
    holders: [],
    hasVolume: false,
    hasPolicy: true,
    contactMs: 0,
    settings: { pods: POD_SETTINGS, sandboxesPerUser: 3, ttlDays: 30, settlingMs: 0 },
  } satisfies Observed
  planSandbox(observed, NOW)
}

test('what this version knows is kept, with fields that it does not know', () => {
  const kept = read({ spec: { ...spec, later: 1 }, status: { ...status, later: 1 } })
  expect(kept.spec).toMatchObject(spec)
  expect(kept.status).toMatchObject(status)
})

test.each<[string, object]>([
  ['no spec', {}],
  ['no server', { spec: { ...spec, serverRef: undefined } }],
  ['a mode of a later version', { spec: { ...spec, operatingMode: 'Hibernated' } }],
  ['groups as a text', { spec: { ...spec, userGroupRefs: 'team' } }],
  ['a status that is none', { spec, status: 'asleep' }],
  ['conditions that are none', { spec, status: { conditions: [null] } }],
])('%s: it is refused whole', (_what, object) => {
  expect(() => read(object)).toThrow('a sandbox of an unknown shape')
})

test('OPR-6: a sandbox with any member replaced by anything is refused, or throws nowhere', () => {
  let kept = 0
  fc.assert(
    fc.property(fc.boolean(), damage, (ofSpec, { path, by }) => {
      const object = ofSpec
        ? { spec: asStored(mcpSandboxSpec, replaceOne(spec, path, by)), status }
        : { spec, status: replaceOne(status, path, by) }
      let sandbox: SandboxObject
      try {
        sandbox = read(object)
      } catch (error) {
        expect(error).toMatchObject({ message: 'a sandbox of an unknown shape' })
        return
      }
      kept++
      useEverywhere(sandbox)
    }),
    { numRuns: 1000 },
  )
  expect(kept).toBeGreaterThan(100)
})
