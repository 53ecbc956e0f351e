// Calls of tools: both eras, JSON and SSE, small and large, one at a time and many at once, of one person and of 200.
import type { LoadPlan } from '../load.ts'
import { startTarget } from '../processes.ts'
import { FIGURES, PLAIN_PLAN, planFor, presentSamples, ratioTo, runRounds, sumOf, type Samples } from '../rounds.ts'
import { atMost, type Bar, type Outcome, type Suite } from '../suite.ts'
import { startGateway, startPlain, type Target } from '../targets.ts'

interface Calls {
  readonly name: string
  readonly about: string
  readonly bars: readonly Bar[]
  /** of one round; the SDK proxy gets a quarter, its figures are far enough away */
  readonly calls: number
  readonly connections?: number
  readonly rate?: number
  /** of the client */
  readonly era?: LoadPlan['era']
  /** of the server behind: a server of 2026-07-28 also speaks the older revisions */
  readonly server?: 'legacy' | 'modern'
  readonly sse?: boolean
  readonly users?: number
  readonly answerBytes?: number
  readonly progressEvery?: number
}

const FLOOR = 'node-undici'
const SLOW = 'sdk1-proxy'
const HUB = 'mcphub'
const CPU = `CPU per call of ${HUB} against ${FLOOR}`
const P50 = `p50 of ${HUB} against ${FLOOR}`
const MIXED_UP = `errors and mismatched answers of ${HUB}`
const PROGRESS = `lost or late progress of ${HUB}`
const WARM_CALLS = 8000

const CALLS: readonly Calls[] = [
  {
    name: 'calls',
    about: 'echo, 32 at once, 2025-11-25 on both sides, JSON answers',
    bars: [atMost(CPU, 1.3)],
    calls: 10_000,
  },
  {
    name: 'calls-paced',
    about: 'the same at 2500 calls a second for all: nobody is at the limit, everybody is woken for each call',
    bars: [atMost(CPU, 1.3)],
    calls: 7500,
    rate: 2500,
  },
  {
    name: 'calls-modern',
    about: 'echo, 32 at once, 2026-07-28 on both sides, JSON answers',
    bars: [atMost(CPU, 1.3)],
    calls: 10_000,
    era: 'modern',
    server: 'modern',
  },
  {
    name: 'calls-sse',
    about: 'echo, 32 at once, 2025-11-25 on both sides, SSE answers',
    bars: [atMost(CPU, 1.3)],
    calls: 10_000,
    sse: true,
  },
  {
    name: 'calls-modern-sse',
    about: 'echo, 32 at once, 2026-07-28 on both sides, SSE answers',
    bars: [atMost(CPU, 1.3)],
    calls: 10_000,
    era: 'modern',
    server: 'modern',
    sse: true,
  },
  {
    name: 'calls-across',
    about: 'echo, 32 at once, a 2025-11-25 client of a 2026-07-28 server: the gateway translates, the others need not',
    bars: [atMost(CPU, 1.3)],
    calls: 10_000,
    server: 'modern',
  },
  {
    name: 'calls-users',
    about: 'echo, 200 users with a connection each, all ids colliding, 2025-11-25 on both sides, JSON answers',
    bars: [atMost(CPU, 1.3), atMost(MIXED_UP, 0)],
    calls: 20_000,
    connections: 200,
    users: 200,
  },
  {
    name: 'large',
    about: 'answers of 64 KiB, 32 at once, 2025-11-25, JSON',
    bars: [atMost(CPU, 1.15)],
    calls: 3000,
    answerBytes: 64 * 1024,
  },
  {
    name: 'latency',
    about: 'echo, one at a time, 2025-11-25',
    bars: [atMost(P50, 1.15)],
    calls: 2000,
    connections: 1,
    users: 1,
  },
  {
    name: 'progress',
    about:
      'each call tells its progress in four steps over SSE before its result; half of the connections 2025-11-25, half 2026-07-28',
    bars: [atMost(MIXED_UP, 0), atMost(PROGRESS, 0)],
    calls: 5000,
    era: 'mixed',
    server: 'modern',
    progressEvery: 1,
  },
  {
    name: 'users',
    about:
      '200 users with two connections each, one 2025-11-25 and one 2026-07-28, all ids colliding, every eighth call with progress',
    bars: [atMost(MIXED_UP, 0), atMost(PROGRESS, 0)],
    calls: 20_000,
    connections: 400,
    users: 200,
    era: 'mixed',
    server: 'modern',
    progressEvery: 8,
  },
]

export const CALL_SUITES: readonly Suite[] = CALLS.map((calls) => ({ ...calls, run: () => runCalls(calls) }))

/** The SDK proxy of one revision cannot speak 2026-07-28, reaches no high rate and loses progress. */
const takes = (target: Target, { era = 'legacy', rate }: Calls): boolean =>
  target.name !== SLOW || (era === 'legacy' && rate === undefined)

async function runCalls(suite: Calls): Promise<Outcome> {
  const { name, about: _, bars: __, server = 'legacy', sse = false, users = 8, ...own } = suite
  const upstream = await startTarget('./upstream.ts', [sse ? 'sse' : 'json', server])
  const targets = [
    await startPlain({ name: FLOOR, script: './targets/pass-through.ts', args: [upstream.port], users }),
    await startPlain({ name: SLOW, script: './targets/sdk-proxy.ts', args: [upstream.port], users }),
    await startGateway({ upstreamPort: upstream.port, users }),
  ].filter((target) => takes(target, suite))
  const samples = await runRounds({
    name,
    targets,
    warmCalls: WARM_CALLS,
    plan: (target) => ({ ...PLAIN_PLAN, ...own, ...planFor(target, users), calls: callsFor(target, suite) }),
  })
  for (const target of targets) await target.stop()
  upstream.child.kill()
  return { table: presentCalls(samples, suite), reached: readReached(samples) }
}

/** The SDK proxy is some ten times slower: with a quarter of the calls a run still ends in time. */
const callsFor = ({ name }: Target, { calls }: Calls): number => (name === SLOW ? calls / 4 : calls)

function presentCalls(samples: Samples, { calls, progressEvery = 0 }: Calls): string[] {
  const table = presentSamples(samples, { unit: 'call', base: FLOOR, withProgress: progressEvery > 0 })
  return [`${calls} calls a round${samples.has(SLOW) ? ` (${SLOW} a quarter)` : ''}.`, '', ...table]
}

const readReached = (samples: Samples): Record<string, number> => ({
  [CPU]: ratioTo(samples, [HUB, FLOOR], FIGURES.cpu).median,
  [P50]: ratioTo(samples, [HUB, FLOOR], FIGURES.p50).median,
  [MIXED_UP]: sumOf(samples, HUB, FIGURES.errors) + sumOf(samples, HUB, FIGURES.mismatches),
  [PROGRESS]: sumOf(samples, HUB, FIGURES.lostProgress),
})
