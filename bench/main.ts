// `make bench`: targets side by side in interleaved rounds, ratios to the floor, written to bench/RESULTS.md. SUITE=calls|latency|isolation picks one.
import { cpus, totalmem } from 'node:os'
import { writeFileSync } from 'node:fs'
import type { LoadPlan, LoadReport } from './load.ts'
import { nextLine, readCpuMs, startScript, startTarget, stopAll } from './processes.ts'
import { formatRatio, median, ratioOf } from './stats.ts'
import { startGateway, startPlain, type Target } from './targets.ts'

interface Suite {
  readonly name: string
  readonly about: string
  readonly connections: number
  readonly calls: number
  readonly era: 'legacy' | 'modern'
  readonly sse: boolean
  readonly users: number
}

interface Sample {
  readonly cpuUs: number
  readonly report: LoadReport
}

const SUITES: readonly Suite[] = [
  {
    name: 'calls',
    about: 'echo, 32 at once, 2025-11-25, JSON answers',
    connections: 32,
    calls: 6000,
    era: 'legacy',
    sse: false,
    users: 8,
  },
  {
    name: 'calls-modern',
    about: 'echo, 32 at once, 2026-07-28, JSON answers',
    connections: 32,
    calls: 6000,
    era: 'modern',
    sse: false,
    users: 8,
  },
  {
    name: 'calls-sse',
    about: 'echo, 32 at once, 2025-11-25, SSE answers',
    connections: 32,
    calls: 6000,
    era: 'legacy',
    sse: true,
    users: 8,
  },
  {
    name: 'latency',
    about: 'echo, one at a time, 2025-11-25',
    connections: 1,
    calls: 2000,
    era: 'legacy',
    sse: false,
    users: 1,
  },
  {
    name: 'isolation',
    about: '200 users, 64 at once, all ids colliding',
    connections: 200,
    calls: 10_000,
    era: 'legacy',
    sse: false,
    users: 200,
  },
]

const ROUNDS = Number(process.env['ROUNDS'] ?? 5)
/** the SDK proxy of one revision cannot speak 2026-07-28 */
const speaks = (target: Target, suite: Suite): boolean => target.name !== 'sdk1-proxy' || suite.era === 'legacy'

async function measure(target: Target, suite: Suite): Promise<Sample> {
  const plan: LoadPlan = {
    port: target.port,
    users: target.users.slice(0, suite.users),
    connections: suite.connections,
    calls: suite.calls,
    tool: target.tool,
    era: suite.era,
    sendToken: target.sendToken,
    answerBytes: 0,
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
  const upstream = await startTarget('./upstream.ts', [suite.sse ? 'sse' : 'json'])
  const targets = [
    await startPlain('node-undici', './targets/pass-through.ts', upstream.port, suite.users),
    await startPlain('sdk1-proxy', './targets/sdk-proxy.ts', upstream.port, suite.users),
    await startGateway(upstream.port, suite.users),
  ].filter((target) => speaks(target, suite))
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
    `${suite.about}; ${suite.calls} calls a round.`,
    '',
    '| target | CPU µs/call | CPU ratio | p50 ratio | p99 ratio | calls/s ratio | errors | mismatches |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

const HEAD = `# Bench

Written by \`make bench\`. Ratios are medians over ${ROUNDS} interleaved rounds of target / node-undici (node:http in, undici dispatch out, no MCP knowledge), ± half their range. CPU is that of
the target's process tree. Everything of the gateway is on: keys, prefix, header template, context headers, audit to PostgreSQL, metrics. Absolute figures of this machine mean little.

Machine: ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, loopback, no TLS.
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
