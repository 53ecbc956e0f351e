// Load on several targets in interleaved rounds, and the table of their ratios to one of them.
import type { LoadPlan, LoadReport } from './load.ts'
import { nextLine, readCpuMs, startScript } from './processes.ts'
import { formatRatio, median, ratioOf, type Ratio } from './stats.ts'
import { presentTable, showProgress } from './suite.ts'
import type { Target } from './targets.ts'

export interface Sample {
  readonly cpuUs: number
  readonly report: LoadReport
}

/** of each target, one for each round */
export type Samples = ReadonlyMap<string, readonly Sample[]>

export const ROUNDS = Number(process.env['ROUNDS'] ?? 5)

export const PLAIN_PLAN = {
  connections: 32,
  rate: null,
  work: 'call',
  era: 'legacy',
  answerBytes: 0,
  progressEvery: 0,
  listedTools: 0,
} as const satisfies Partial<LoadPlan>

/** What of a plan is the target's. */
export const planFor = (target: Target, users: number) => ({
  port: target.port,
  users: target.users.slice(0, users),
  tool: target.tool,
  sendToken: target.sendToken,
})

export interface RoundsOptions {
  readonly name: string
  readonly targets: readonly Target[]
  readonly plan: (target: Target) => LoadPlan
  /** before the first round, for each target: the more code, the longer until it runs as compiled as it ever will */
  readonly warmCalls: number
}

export async function runRounds({ name, targets, plan, warmCalls }: RoundsOptions): Promise<Samples> {
  for (const target of targets) {
    await measure(target, { ...plan(target), calls: Math.min(warmCalls, plan(target).calls * 2) })
  }
  const samples = new Map<string, Sample[]>(targets.map((target) => [target.name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const target of rotate(targets, round)) samples.get(target.name)?.push(await measure(target, plan(target)))
    showProgress(`${name}: round ${round + 1} of ${ROUNDS}`)
  }
  return samples
}

export async function measure(target: Target, plan: LoadPlan): Promise<Sample> {
  const { report, spentMs } = await runLoad(plan, [() => readCpuMs(target.pid)])
  return { cpuUs: ((spentMs[0] ?? Number.NaN) * 1000) / report.calls, report }
}

/** What each of these clocks moved on by, from the first to the last call that counts. */
export async function runLoad(
  plan: LoadPlan,
  clocks: readonly (() => number)[],
): Promise<{ readonly report: LoadReport; readonly spentMs: readonly number[] }> {
  const load = startScript('./load.ts', [JSON.stringify(plan)])
  await nextLine(load)
  const before = clocks.map((read) => read())
  const done = nextLine(load)
  load.stdin?.write('go\n')
  const report = JSON.parse(await done) as LoadReport
  return { report, spentMs: clocks.map((read, index) => read() - (before[index] ?? Number.NaN)) }
}

/** A B C, B C A, C A B: no target always follows the same neighbour. */
export const rotate = <T>(items: readonly T[], by: number): T[] =>
  items.map((_, index) => items[(index + by) % items.length] as T)

type Figure = (sample: Sample) => number
export const FIGURES = {
  cpu: (sample) => sample.cpuUs,
  p50: (sample) => sample.report.p50Ms,
  p99: (sample) => sample.report.p99Ms,
  rate: (sample) => sample.report.calls / sample.report.seconds,
  errors: (sample) => sample.report.errors,
  mismatches: (sample) => sample.report.mismatches,
  lostProgress: (sample) => sample.report.lostProgress,
} as const satisfies Record<string, Figure>

export function ratioTo(samples: Samples, [target, base]: readonly [string, string], figure: Figure): Ratio {
  return ratioOf((samples.get(target) ?? []).map(figure), (samples.get(base) ?? []).map(figure))
}

export const sumOf = (samples: Samples, target: string, figure: Figure): number =>
  (samples.get(target) ?? []).reduce((sum, sample) => sum + figure(sample), 0)

export interface SamplesTable {
  /** one piece of work: "call" */
  readonly unit: string
  readonly base: string
  readonly withProgress?: boolean
}

export function presentSamples(samples: Samples, { unit, base, withProgress = false }: SamplesTable): string[] {
  const head = [
    'target',
    `CPU µs/${unit}`,
    'CPU ratio',
    'p50 ratio',
    'p99 ratio',
    `${unit}s/s ratio`,
    'errors',
    'mismatches',
    ...(withProgress ? ['lost or late progress'] : []),
  ]
  const counted = [FIGURES.errors, FIGURES.mismatches, ...(withProgress ? [FIGURES.lostProgress] : [])]
  const rows = [...samples].map(([name, own]) => [
    name,
    median(own.map(FIGURES.cpu)).toFixed(0),
    ...[FIGURES.cpu, FIGURES.p50, FIGURES.p99, FIGURES.rate].map((figure) =>
      formatRatio(ratioTo(samples, [name, base], figure)),
    ),
    ...counted.map((figure) => String(sumOf(samples, name, figure))),
  ])
  return presentTable(head, rows)
}
