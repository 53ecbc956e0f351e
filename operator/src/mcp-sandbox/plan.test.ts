// The plan as a function: whatever is observed, doing what it says leads to a world in which it says nothing more, on the way of which no rule
// is broken.
import { LABELS, effectiveLimits, type McpSandboxStatus } from '@mcphub/api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { templateHash } from '../pods/build-pod.ts'
import type { PodObject, SandboxObject, ServerObject } from '../resources.ts'
import { IMAGE, POD_SETTINGS, makeGroupSpec, makeServerSpec } from '../testing/objects.ts'
import { activeUntilMs } from './activity.ts'
import { templateOf, type Observed } from './observed.ts'
import { planSandbox } from './plan.ts'
import { faultOf } from './reasons.ts'
import type { Plan, Step } from './steps.ts'
import { addFailure } from './status.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const timeAt = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')
const HASH = templateHash({
  server: { name: 'files', stdio: makeServerSpec().stdio! },
  limits: effectiveLimits([]),
  settings: POD_SETTINGS,
})

interface PodIdea {
  readonly phase: 'Pending' | 'Running' | 'Failed' | 'Succeeded'
  readonly ready: boolean
  readonly ending: boolean
  readonly old: boolean
  readonly waiting: string | null
  readonly unschedulable: boolean
  readonly reason: string
}

function makePod(idea: PodIdea, uid: string, owner: object): PodObject {
  const isReady = idea.ready && idea.phase === 'Running'
  return {
    metadata: {
      namespace: POD_SETTINGS.namespace,
      name: `pod-${uid}`,
      uid,
      resourceVersion: '1',
      creationTimestamp: timeAt(NOW - 60_000),
      labels: { [LABELS.templateHash]: idea.old ? 'older' : HASH },
      ownerReferences: [{ apiVersion: 'mcphub.io/v1alpha1', controller: true, ...owner } as never],
      ...(idea.ending ? { deletionTimestamp: timeAt(NOW), deletionGracePeriodSeconds: 600 } : {}),
    },
    phase: idea.phase,
    reason: idea.reason,
    ready: isReady,
    ips: isReady ? ['10.0.0.1'] : [],
    unschedulable: idea.unschedulable && !isReady ? 'no node' : null,
    disrupted: false,
    containers:
      idea.waiting && !isReady
        ? [{ name: 'sandbox', waiting: { reason: idea.waiting, message: '' }, terminated: null }]
        : [],
  }
}

const podIdea: fc.Arbitrary<PodIdea> = fc.record({
  phase: fc.constantFrom('Pending', 'Running', 'Running', 'Failed', 'Succeeded'),
  ready: fc.boolean(),
  ending: fc.boolean(),
  old: fc.boolean(),
  waiting: fc.constantFrom(null, null, 'ContainerCreating', 'ImagePullBackOff', 'CreateContainerConfigError'),
  unschedulable: fc.boolean(),
  reason: fc.constantFrom('', '', 'Evicted'),
})

const OWN = { kind: 'McpSandbox', name: 'files-alice', uid: 'su' }
const observedBy: fc.Arbitrary<Observed> = fc
  .record({
    pods: fc.array(podIdea, { maxLength: 4 }),
    pool: fc.array(podIdea, { maxLength: 2 }),
    untilS: fc.constantFrom(-100_000_000, -10, 0, 1, 300),
    mode: fc.constantFrom('Auto' as const, 'Auto' as const, 'Suspended' as const),
    server: fc.constantFrom('there', 'there', 'there', 'gone', 'disabled', 'remote', 'keeps', 'short'),
    holders: fc.array(fc.integer({ min: -100, max: 1000 }), { maxLength: 4 }),
    maxRunning: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
    chosen: fc.integer({ min: -1, max: 3 }),
    startedS: fc.constantFrom(-5, -50, -700),
    failures: fc.option(fc.record({ count: fc.integer({ min: 1, max: 9 }), retryS: fc.constantFrom(-5, 60) }), {
      nil: undefined,
    }),
    wasReady: fc.boolean(),
    hasVolume: fc.boolean(),
    hasPolicy: fc.boolean(),
  })
  .map((idea): Observed => {
    const pods = idea.pods.map((one, at) => makePod(one, `p${at}`, OWN))
    const chosen = pods[idea.chosen]
    const failures = idea.failures && {
      ...addFailure(undefined, 'CrashLoop', NOW),
      count: idea.failures.count,
      nextRetryTime: timeAt(NOW + idea.failures.retryS * 1000),
    }
    const status: McpSandboxStatus = {
      conditions: [
        {
          type: 'Ready',
          status: idea.wasReady ? 'True' : 'False',
          reason: idea.wasReady ? 'PodReady' : 'Starting',
          message: '',
          lastTransitionTime: timeAt(NOW - 5000),
        },
      ],
      ...(chosen
        ? {
            podRef: { name: chosen.metadata.name, uid: chosen.metadata.uid },
            startedTime: timeAt(NOW + idea.startedS * 1000),
          }
        : {}),
      ...(failures ? { failures } : {}),
      templateHash: HASH,
    }
    const stdio =
      idea.server === 'keeps'
        ? { persistence: { mode: 'Retain' as const } }
        : idea.server === 'short'
          ? { maxLifetimeSeconds: 60 }
          : {}
    const spec =
      idea.server === 'remote'
        ? { ...makeServerSpec(), type: 'Remote' as const, stdio: undefined }
        : makeServerSpec(stdio, { enabled: idea.server !== 'disabled' })
    const server = {
      metadata: { namespace: POD_SETTINGS.namespace, name: 'files', uid: 'fu', resourceVersion: '1' },
      spec,
    } as unknown as ServerObject
    const sandbox: SandboxObject = {
      metadata: {
        namespace: POD_SETTINGS.namespace,
        name: 'files-alice',
        uid: 'su',
        resourceVersion: '1',
        generation: 3,
        creationTimestamp: timeAt(NOW - 86_400_000),
      },
      spec: {
        serverRef: { name: 'files', uid: 'fu' },
        userRef: 'a'.repeat(32),
        userGroupRefs: [],
        operatingMode: idea.mode,
        activeUntilTime: timeAt(NOW + idea.untilS * 1000),
      },
      status,
    }
    return {
      sandbox,
      server: idea.server === 'gone' ? null : server,
      groups:
        idea.maxRunning === undefined
          ? []
          : [{ name: 'g', spec: makeGroupSpec({ limits: { maxRunningPerUser: idea.maxRunning } }) }],
      unknownGroups: [],
      pods,
      pool: idea.pool.map((one, at) => makePod(one, `w${at}`, { kind: 'McpServer', name: 'files', uid: 'fu' })),
      isPodName: (name) => pods.some(({ metadata }) => metadata.name === name),
      holders: idea.holders.map((seconds, at) => ({ name: `other-${at}`, activeUntilMs: NOW + seconds * 1000 })),
      hasVolume: idea.hasVolume,
      hasPolicy: idea.hasPolicy,
      contactMs: 10_000,
      settings: { pods: POD_SETTINGS, sandboxesPerUser: 3, ttlDays: 30, settlingMs: 10_000 },
    }
  })

/** The world after a step, with nobody else in it: pods that are deleted end at once. null: the sandbox is gone. */
function apply(observed: Observed, step: Step): Observed | null {
  const withStatus = (status: McpSandboxStatus): Observed => ({ ...observed, sandbox: { ...observed.sandbox, status } })
  switch (step.do) {
    case 'write status':
      return withStatus(step.status)
    case 'create volume':
      return { ...observed, hasVolume: true }
    case 'create pod': {
      const idea: PodIdea = {
        phase: 'Pending',
        ready: false,
        ending: false,
        old: false,
        waiting: null,
        unschedulable: false,
        reason: '',
      }
      const made = makePod(idea, `n${observed.pods.length}`, OWN)
      const labelled = {
        ...made,
        metadata: { ...made.metadata, labels: step.pod.metadata.labels!, name: step.pod.metadata.name },
      }
      return {
        ...withStatus({ ...step.status, podRef: { name: labelled.metadata.name, uid: labelled.metadata.uid } }),
        pods: [...observed.pods, labelled],
      }
    }
    case 'claim pod':
      return { ...observed, pool: observed.pool.filter((pod) => pod !== step.pod), pods: [...observed.pods, step.pod] }
    case 'delete pod':
      return { ...observed, pods: observed.pods.filter(({ metadata }) => metadata.uid !== step.pod.metadata.uid) }
    case 'delete sandbox':
      return null
  }
}

const endedByThemselves = (observed: Observed): Observed => ({
  ...observed,
  pods: observed.pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined),
})

/** Applies plans until they are empty; null: the sandbox is gone. @throws when they never are */
function settle(
  first: Observed,
  nowMs: number,
  each: (observed: Observed, plan: Plan) => void = () => undefined,
): Observed | null {
  let world: Observed | null = first
  for (let round = 0; round < 8; round++) {
    const plan: Plan = planSandbox(world, nowMs)
    each(world, plan)
    if (plan.steps.length === 0) {
      const rest = endedByThemselves(world)
      if (rest.pods.length === world.pods.length) return world
      world = rest
      continue
    }
    for (const step of plan.steps) {
      world = apply(world, step)
      if (world === null) return null
    }
  }
  throw new Error('the plan never ends')
}

const hashOf = (observed: Observed): string => templateHash(templateOf(observed)!)
const creates = ({ steps }: Plan): Step[] => steps.filter((step) => step.do === 'create pod' || step.do === 'claim pod')
const isLive = ({ metadata }: PodObject): boolean => metadata.deletionTimestamp === undefined
const hasServed = ({ sandbox: { status } }: Observed, { metadata }: PodObject): boolean =>
  status?.podRef?.uid === metadata.uid &&
  status.conditions.some(({ type, status: is, reason }) => type === 'Ready' && (is === 'True' || reason === 'Evicted'))

describe('for 5,000 worlds', () => {
  const over = (check: (observed: Observed) => void): void =>
    fc.assert(
      fc.property(observedBy, (observed) => {
        check(observed)
      }),
      { numRuns: 5000 },
    )

  test('the plan ends: once its steps are done, the next is empty', () => {
    over((observed) => void settle(observed, NOW))
  })

  test('the same facts give the same plan', () => {
    over((observed) => {
      expect(planSandbox(observed, NOW)).toEqual(planSandbox(observed, NOW))
    })
  })

  test('a pod starts only for one that is awake, allowed, not backing off, has a policy and has none', () => {
    over((observed) => {
      void settle(observed, NOW, (world, plan) => {
        expect(creates(plan).length).toBeLessThanOrEqual(1)
        if (creates(plan).length === 0) return
        const { sandbox, server, hasPolicy, holders, groups } = world
        expect(sandbox.spec.operatingMode).toBe('Auto')
        expect(activeUntilMs(sandbox.spec)).toBeGreaterThan(NOW)
        expect(server!.spec).toMatchObject({ enabled: true, type: 'Stdio' })
        expect(hasPolicy).toBe(true)
        expect(holders.length).toBeLessThan(
          world.pods.some(isLive) ? Infinity : (effectiveLimits(groups).maxRunningPerUser ?? 3),
        )
        expect(
          sandbox.status?.failures && sandbox.status.templateHash === hashOf(world)
            ? Date.parse(sandbox.status.failures.nextRetryTime!)
            : 0,
        ).toBeLessThanOrEqual(NOW)
        const serving = world.pods.filter(
          (pod) => isLive(pod) && pod.metadata.labels![LABELS.templateHash] === hashOf(world) && !faultOf(pod),
        )
        // only one that is too old or too slow may be there
        expect(serving.every(({ metadata }) => metadata.uid === sandbox.status?.podRef?.uid)).toBe(true)
      })
    })
  })

  test('at the end there is one live pod or none, and the status says which', () => {
    over((observed) => {
      const end = settle(observed, NOW)
      if (!end) return
      const live = end.pods.filter(isLive)
      expect(live.length).toBeLessThanOrEqual(1)
      const ready = end.sandbox.status!.conditions.find(({ type }) => type === 'Ready')!
      expect(ready.status === 'True').toBe(live[0]?.ready === true)
      expect(end.sandbox.status!.podRef?.uid).toBe(live[0]?.metadata.uid)
      const asleep = end.sandbox.spec.operatingMode === 'Suspended' || activeUntilMs(end.sandbox.spec) <= NOW
      if (asleep) expect([live.length, ready.reason]).toEqual([0, 'Suspended'])
      expect(end.sandbox.status!.conditions.map(({ type }) => type).sort()).toEqual([
        'PodScheduled',
        'Ready',
        'Suspended',
        'UpToDate',
      ])
      for (const { message } of end.sandbox.status!.conditions) expect(message).toMatch(/^.{5,1400}$/)
    })
  })

  test('a failure is counted once, and a sound pod is never killed at once but for a suspension', () => {
    over((observed) => {
      const before = observed.sandbox.status!.failures?.count ?? 0
      const end = settle(observed, NOW, (world, plan) => {
        for (const step of plan.steps) {
          if (step.do !== 'delete pod' || step.graceSeconds === null) continue
          const given = world.sandbox.status?.startedTime ?? timeAt(NOW)
          expect(
            world.sandbox.spec.operatingMode === 'Suspended' ||
              faultOf(step.pod) !== null ||
              (!step.pod.ready && !hasServed(world, step.pod) && step.graceSeconds === 30) ||
              Date.parse(given) <= NOW - 600_000,
          ).toBe(true)
        }
      })
      expect(end?.sandbox.status?.failures?.count ?? 0).toBeLessThanOrEqual(before + 1)
    })
  })

  test('a pod that is to go before it was ready goes within half a minute: what starts may not hear of its end', () => {
    over((observed) => {
      for (const step of planSandbox(observed, NOW).steps) {
        if (step.do !== 'delete pod' || !isLive(step.pod)) continue
        if (step.pod.ready && !faultOf(step.pod) && observed.sandbox.spec.operatingMode !== 'Suspended')
          expect(step.graceSeconds).toBeNull()
        if (!step.pod.ready && !hasServed(observed, step.pod)) expect(step.graceSeconds).toBeLessThanOrEqual(30)
      }
    })
  })

  test('a pod that served and whose node is silent for a moment keeps its whole grace: its calls may be going on', () => {
    let seen = 0
    over((observed) => {
      for (const step of planSandbox(observed, NOW).steps) {
        if (step.do !== 'delete pod' || !isLive(step.pod) || step.pod.ready || !hasServed(observed, step.pod)) continue
        if (faultOf(step.pod) || observed.sandbox.spec.operatingMode === 'Suspended') continue
        seen++
        expect(step.graceSeconds).toBeNull()
      }
    })
    expect(seen).toBeGreaterThan(10)
  })

  test('a pod that ends is ended once more only where it may take less time: by a suspension', () => {
    over((observed) => {
      const ended = planSandbox(observed, NOW).steps.filter((step) => step.do === 'delete pod')
      const again = ended.filter(({ pod }) => !isLive(pod))
      expect(again.length === 0 || observed.sandbox.spec.operatingMode === 'Suspended').toBe(true)
    })
  })

  test('of one of its groups nobody knows: nothing on its account; what needs no group goes on as ever', () => {
    over((observed) => {
      const { sandbox, server } = observed
      const plan = planSandbox({ ...observed, unknownGroups: ['hub-sandboxes/unknown'] }, NOW)
      const isAtRest = sandbox.spec.operatingMode === 'Suspended' || activeUntilMs(sandbox.spec) <= NOW
      if (isAtRest || server === null) expect(plan).toEqual(planSandbox(observed, NOW))
      else expect(plan).toEqual({ steps: [], againMs: activeUntilMs(sandbox.spec) })
    })
  })

  test('while the API server is back for a moment only, no pod goes because its time is over, and none starts', () => {
    over((observed) => {
      const { sandbox, server, pods } = observed
      const plan = planSandbox({ ...observed, contactMs: 4000 }, NOW)
      const isOver = sandbox.spec.operatingMode === 'Auto' && activeUntilMs(sandbox.spec) <= NOW
      if (isOver && server !== null && pods.some(isLive)) expect(plan).toEqual({ steps: [], againMs: NOW + 6000 })
      else expect(plan).toEqual(planSandbox(observed, NOW))
    })
  })

  test('time alone brings it back while anything can change by time', () => {
    over((observed) => {
      const end = settle(observed, NOW)
      if (!end) return
      const { againMs } = planSandbox(end, NOW)
      if (againMs === null)
        expect(end.sandbox.spec.operatingMode === 'Suspended' || activeUntilMs(end.sandbox.spec) <= NOW).toBe(true)
      else if (activeUntilMs(end.sandbox.spec) > NOW && end.sandbox.spec.operatingMode === 'Auto')
        expect(againMs).toBeLessThanOrEqual(activeUntilMs(end.sandbox.spec))
    })
  })
})

test('back-off: 10 s, doubled, 5 minutes at most; what came from outside may start again at once', () => {
  const waits: number[] = []
  let failures: McpSandboxStatus['failures']
  for (let n = 0; n < 8; n++) {
    failures = addFailure(failures, 'CrashLoop', NOW)
    waits.push((Date.parse(failures.nextRetryTime!) - NOW) / 1000)
  }
  expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300, 300])
  expect(addFailure(undefined, 'Evicted', NOW).nextRetryTime).toBe(timeAt(NOW))
})

describe('faults of pods, in words that say what to do', () => {
  const idea: PodIdea = {
    phase: 'Pending',
    ready: false,
    ending: false,
    old: false,
    waiting: null,
    unschedulable: false,
    reason: '',
  }
  const failedBy = (name: string, exitCode: number, reason: string): PodObject => ({
    ...makePod({ ...idea, phase: 'Failed' }, 'x', OWN),
    containers: [{ name, waiting: null, terminated: { reason, exitCode } }],
  })
  test.each([
    [makePod({ ...idea, waiting: 'ErrImageNeverPull' }, 'x', OWN), 'ImagePullFailed', /registry/],
    [makePod({ ...idea, waiting: 'RunContainerError' }, 'x', OWN), 'ConfigError', /command/],
    [failedBy('sandbox', 137, 'OOMKilled'), 'CrashLoop', /memory/],
    [failedBy('sandbox', 2, 'Error'), 'CrashLoop', /exit code 2/],
    [failedBy('install', 65, 'Error'), 'CrashLoop', /name and version/],
    [failedBy('install', 75, 'Error'), 'CrashLoop', /registry can be reached/],
    [makePod({ ...idea, phase: 'Failed', reason: 'Evicted' }, 'x', OWN), 'Evicted', /elsewhere/],
    [{ ...failedBy('sandbox', 143, 'Error'), disrupted: true }, 'Evicted', /elsewhere/],
  ] as const)('%#', (pod, reason, says) => {
    expect(faultOf(pod)).toEqual({ reason, message: expect.stringMatching(says) })
  })
  test('a pod that only takes its time has none', () => {
    expect(faultOf(makePod({ ...idea, waiting: 'ContainerCreating' }, 'x', OWN))).toBeNull()
  })
})

test('an image that is not allowed is refused before any pod', () => {
  const server = {
    metadata: { namespace: 'n', name: 'files', uid: 'fu', resourceVersion: '1' },
    spec: makeServerSpec({ image: IMAGE }),
  } as unknown as ServerObject
  const sandbox: SandboxObject = {
    metadata: { namespace: 'n', name: 's', uid: 'su', resourceVersion: '1' },
    spec: {
      serverRef: { name: 'files', uid: 'fu' },
      userGroupRefs: [],
      operatingMode: 'Auto',
      activeUntilTime: timeAt(NOW + 9000),
    },
  }
  const pods = { ...POD_SETTINGS, allowedImages: ['ghcr.io/acme/'] }
  const settings = { pods, sandboxesPerUser: 3, ttlDays: 30, settlingMs: 0 }
  const observed: Observed = {
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
    settings,
  }
  const { steps } = planSandbox(observed, NOW)
  expect(steps).toHaveLength(1)
  expect(steps[0]).toMatchObject({
    do: 'write status',
    status: {
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: 'Ready', reason: 'ConfigError', message: expect.stringContaining('allowed') }),
      ]),
    },
  })
})
