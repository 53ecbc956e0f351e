// What of the official suites cannot pass through the hub today, each with its reason. An entry that passes fails the run as well.
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

const EVERY: readonly Target[] = ['alone', 'modern', 'legacy', 'sse', 'stdio']
const OLDER: readonly Target[] = ['legacy', 'sse', 'stdio']
const FOR_OLDER_CLIENTS: readonly Suite[] = ['0.1.16 all', '2025-11-25']

const INPUT_REQUIRED = [
  'basic-elicitation',
  'basic-list-roots',
  'basic-sampling',
  'capability-check',
  'missing-input-response',
  'multi-round',
  'multiple-input-requests',
  'non-tool-request',
  'request-state',
  'result-type',
  'tampered-state',
  'validate-input',
].map((name) => `input-required-result-${name}`)

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
    targets: EVERY,
    suites: ['2026-07-28'],
    why: 'Tasks are an extension, never scored, and the server behind has none',
  },
  {
    entries: INPUT_REQUIRED,
    targets: OLDER,
    suites: ['2026-07-28'],
    why: 'Calls of older servers that ask in the middle are not parked yet',
  },
  {
    entries: [
      'server-stateless:sep-2575-server-rejects-undeclared-capability',
      'server-stateless:sep-2575-missing-capability-http-400',
      'server-stateless:sep-2575-server-no-log-without-loglevel',
    ],
    targets: OLDER,
    suites: ['2026-07-28'],
    why: 'What a client did not declare or ask for is not yet held back before older servers',
  },
  {
    entries: [
      'server-stateless:sep-2575-missing-capability-http-400',
      'server-stateless:sep-2575-server-sends-prompts-list-changed-on-subscription',
      'server-stateless:sep-2575-server-sends-tools-list-changed-on-subscription',
    ],
    targets: ['modern'],
    suites: ['2026-07-28'],
    why: 'The hub does not listen to changes of modern servers yet, and answers their refusals with 200',
  },
  {
    entries: [
      'elicitation-sep1034-defaults',
      'elicitation-sep1330-enums',
      'tools-call-elicitation',
      'tools-call-sampling',
      'tools-call-with-logging',
      'resources-subscribe',
      'resources-unsubscribe',
    ],
    targets: ['modern'],
    suites: FOR_OLDER_CLIENTS,
    why: 'What older clients do in other words is not yet said to modern servers in theirs',
  },
]

/** The two scenarios whose own requests drop the query, and with it the key (github modelcontextprotocol/conformance#453). */
export const KEYLESS_SCENARIOS = ['http-header-validation', 'http-custom-header-server-validation']

export function expectedFailures(suite: Suite, target: Target): readonly string[] {
  return EXPECTED.filter(({ suites, targets }) => suites.includes(suite) && targets.includes(target)).flatMap(
    ({ entries }) => entries,
  )
}
