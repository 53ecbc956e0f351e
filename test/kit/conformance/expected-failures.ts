// What of the official suites cannot pass, each with its reason. An entry that passes fails the run as well.
import type { UpstreamKind } from './conformance-hub.ts'
import type { Suite } from './run-suite.ts'

/** `alone`: the server without a hub */
type Target = UpstreamKind | 'alone'

interface ExpectedFailure {
  /** `scenario` or `scenario:check`; 0.1.16 knows scenarios alone */
  readonly entries: readonly string[]
  readonly targets: readonly Target[]
  readonly suites: readonly Suite[]
  readonly why: string
}

const OLDER: readonly Target[] = ['legacy', 'sse', 'stdio']

const EXPECTED: readonly ExpectedFailure[] = [
  {
    entries: ['server-sse-polling'],
    targets: ['alone'],
    suites: ['0.1.16 all'],
    why: 'This suite asks for events of 2025-11-25 in a request that says 2025-03-26, where the SDK leaves them out',
  },
  {
    entries: [
      'tasks-lifecycle',
      'tasks-capability-negotiation',
      'tasks-wire-fields',
      'tasks-request-state-removal',
      'tasks-mrtr-input',
      'tasks-request-headers',
      'tasks-dispatch-and-envelope',
      'tasks-required-task-error',
      'tasks-mrtr-composition',
    ],
    targets: OLDER,
    suites: ['2026-07-28'],
    why: 'The tasks extension (never scored) is one of 2026-07-28: an older server cannot have it',
  },
  {
    entries: ['input-required-result-basic-elicitation:sep-2322-elicitation-incomplete'],
    targets: OLDER,
    suites: ['2026-07-28'],
    why: 'The suite looks for the key "user_name"; a question of an older server has no name, so the hub gives it one',
  },
  {
    entries: [
      'server-stateless:sep-2575-server-rejects-undeclared-capability',
      'server-stateless:sep-2575-missing-capability-http-400',
    ],
    targets: ['legacy', 'sse'],
    suites: ['2026-07-28'],
    why: 'An older server that was told what its client cannot do has no code -32021 to say so: its tool fails in its own words',
  },
  {
    entries: ['input-required-result-capability-check:sep-2322-respect-client-capabilities'],
    targets: ['stdio'],
    suites: ['2026-07-28'],
    why: 'An older server hears once, when it starts, what can be asked; a child of several clients hears of all the hub can relay and cannot choose per call',
  },
]

/** The two scenarios whose own requests drop the query, and with it the key (github modelcontextprotocol/conformance#453). */
export const KEYLESS_SCENARIOS = ['http-header-validation', 'http-custom-header-server-validation']

export function expectedFailures(suite: Suite, target: Target): readonly string[] {
  return EXPECTED.filter(({ suites, targets }) => suites.includes(suite) && targets.includes(target)).flatMap(
    ({ entries }) => entries,
  )
}
