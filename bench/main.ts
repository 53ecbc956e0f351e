// `make bench`: runs the suites one after the other and writes bench/RESULTS.md. SUITE=name picks one of suites.ts, ROUNDS=n changes their rounds.
import { cpus, loadavg, totalmem } from 'node:os'
import { writeFileSync } from 'node:fs'
import { stopAll } from './processes.ts'
import { ROUNDS } from './rounds.ts'
import { presentSuite, showProgress } from './suite.ts'
import { SUITES } from './suites.ts'

const START_LOAD = loadavg()[0] ?? 0

const HEAD = `# Bench

Written by \`make bench\`. Ratios are medians over ${ROUNDS} interleaved rounds of target / base in the same round, ± half their range. The base is node-undici (node:http in, undici dispatch
out, no MCP knowledge) unless a suite names another. CPU is that of the target's process tree, helper threads included. Everything of the gateway is on: keys, prefix, header template, context
headers, audit to PostgreSQL, metrics; all targets run with the same flags of Node (none). Each target is warmed first. Absolute figures of this machine mean little. How to read and profile
this: docs/performance.md.

Machine: ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, loopback, no TLS; load average at the start ${START_LOAD.toFixed(1)}.
`

const wanted = process.env['SUITE']
const chosen = SUITES.filter((candidate) => !wanted || candidate.name === wanted)
if (chosen.length === 0) {
  showProgress(`There is no suite "${wanted}". There are: ${SUITES.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

const parts = [HEAD]
let failed = 0
for (const suite of chosen) {
  const from = performance.now()
  try {
    parts.push(presentSuite(suite, await suite.run()))
  } catch (error) {
    // minutes of other suites' figures must not be lost with this one
    failed++
    parts.push(`## ${suite.name}\n\nNot measured: ${String(error)}\n`)
    stopAll()
  }
  showProgress(`${suite.name}: ${((performance.now() - from) / 1000).toFixed(0)} s`)
}
stopAll()
const text = parts.join('\n')
process.stdout.write(text)
if (!wanted) writeFileSync(new URL('./RESULTS.md', import.meta.url), text)
process.exit(failed === 0 ? 0 : 1)
