// `make bench`: targets side by side in interleaved rounds, ratios to the floor, written to bench/RESULTS.md. SUITE=name picks one of suites.ts.
import { cpus, loadavg, totalmem } from 'node:os'
import { writeFileSync } from 'node:fs'
import type { LoadPlan, LoadReport } from './load.ts'
import { nextLine, readCpuMs, startScript, startTarget, stopAll } from './processes.ts'
import { formatRatio, median, ratioOf } from './stats.ts'
import { SUITES, type Suite } from './suites.ts'
import { startGateway, startPlain, type Target } from './targets.ts'

interface Sample {
  readonly cpuUs: number
  readonly report: LoadReport
}

const ROUNDS = Number(process.env['ROUNDS'] ?? 5)
/** Before the first round, for each target: the more code, the longer until it runs as compiled as it ever will. */
const WARM_CALLS = 8000
/** the SDK proxy of one revision cannot speak 2026-07-28, and reaches no high rate */
const takes = (target: Target, suite: Suite): boolean =>
  target.name !== 'sdk1-proxy' || (suite.era === 'legacy' && suite.rate === null)

/** The SDK proxy is some ten times slower: with a quarter of the calls a run still ends in time. */
const callsFor = (target: Target, calls: number): number => (target.name === 'sdk1-proxy' ? calls / 4 : calls)

async function measure(target: Target, suite: Suite, calls = suite.calls): Promise<Sample> {
  const plan: LoadPlan = {
    port: target.port,
    users: target.users.slice(0, suite.users),
    connections: suite.connections,
    calls: callsFor(target, calls),
    tool: target.tool,
    era: suite.era,
    sendToken: target.sendToken,
    rate: suite.rate,
    answerBytes: suite.answerBytes,
  }
  const load = startScript('./load.ts', [JSON.stringify(plan)])
  await nextLine(load)
  const before = readCpuMs(target.pid)
  const done = nextLine(load)
  load.stdin?.write('go\n')
  const report = JSON.parse(await done) as LoadReport
  return { cpuUs: ((readCpuMs(target.pid) - before) * 1000) / report.calls, report }
}

/** A B C, B C A, C A B: no target always follows the same neighbour. */
const rotate = <T>(items: readonly T[], by: number): T[] =>
  items.map((_, index) => items[(index + by) % items.length] as T)

async function runSuite(suite: Suite): Promise<string> {
  const upstream = await startTarget('./upstream.ts', [suite.sse ? 'sse' : 'json', suite.server])
  const targets = [
    await startPlain('node-undici', './targets/pass-through.ts', upstream.port, suite.users),
    await startPlain('sdk1-proxy', './targets/sdk-proxy.ts', upstream.port, suite.users),
    await startGateway(upstream.port, suite.users),
  ].filter((target) => takes(target, suite))
  for (const target of targets) await measure(target, suite, Math.min(WARM_CALLS, suite.calls * 2))
  const samples = new Map<string, Sample[]>(targets.map((target) => [target.name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const target of rotate(targets, round)) samples.get(target.name)?.push(await measure(target, suite))
    process.stderr.write(`${suite.name}: round ${round + 1} of ${ROUNDS}\n`)
  }
  for (const target of targets) await target.stop()
  upstream.child.kill()
  return presentSuite(suite, samples)
}

function presentSuite(suite: Suite, samples: ReadonlyMap<string, readonly Sample[]>): string {
  const base = samples.get('node-undici') ?? []
  const pick = (of: readonly Sample[], what: (sample: Sample) => number): number[] => of.map(what)
  const rows = [...samples].map(([name, own]) => {
    const ratio = (what: (sample: Sample) => number) => formatRatio(ratioOf(pick(own, what), pick(base, what)))
    const sum = (what: (sample: Sample) => number) => pick(own, what).reduce((total, value) => total + value, 0)
    const cells = [
      name,
      median(pick(own, (sample) => sample.cpuUs)).toFixed(0),
      ratio((sample) => sample.cpuUs),
      ratio((sample) => sample.report.p50Ms),
      ratio((sample) => sample.report.p99Ms),
      ratio((sample) => sample.report.calls / sample.report.seconds),
      String(sum((sample) => sample.report.errors)),
      String(sum((sample) => sample.report.mismatches)),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    `## ${suite.name}`,
    '',
    `${suite.about}; ${suite.calls} calls a round (sdk1-proxy a quarter).`,
    '',
    '| target | CPU µs/call | CPU ratio | p50 ratio | p99 ratio | calls/s ratio | errors | mismatches |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

const START_LOAD = loadavg()[0] ?? 0

const HEAD = `# Bench

Written by \`make bench\`. Ratios are medians over ${ROUNDS} interleaved rounds of target / node-undici (node:http in, undici dispatch out, no MCP knowledge), ± half their range. CPU is that of
the target's process tree, helper threads included. Everything of the gateway is on: keys, prefix, header template, context headers, audit to PostgreSQL, metrics; all targets run with the same
flags of Node (none). Each target is warmed with ${WARM_CALLS} calls first. Absolute figures of this machine mean little. How to read and profile this: docs/performance.md.

Machine: ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, loopback, no TLS; load average at the start ${START_LOAD.toFixed(1)}.
`

const wanted = process.env['SUITE']
const parts = [HEAD]
try {
  for (const suite of SUITES.filter((candidate) => !wanted || candidate.name === wanted))
    parts.push(await runSuite(suite))
} finally {
  stopAll()
}
const text = parts.join('\n')
process.stdout.write(text)
if (!wanted) writeFileSync(new URL('./RESULTS.md', import.meta.url), text)
process.exit(0)
