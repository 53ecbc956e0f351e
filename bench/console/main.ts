// `make bench-console`: the console beside a large organisation: 500 servers, 10,000 tools, 5,000 people, a million records of the audit. Every
// question it may ask, a hundred times; every long list, scrolled; first visits. Writes bench/RESULTS-CONSOLE.md. SIZE=0.1 makes it smaller,
// SUITE=answers runs one of the three; then nothing is written.
import { writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { buildConsole } from '../../scripts/build-console.ts'
import { startLargeCompany, type Size } from '../../test/kit/large-company.ts'
import { presentSuite, showProgress, type Suite } from '../suite.ts'
import { startDatabase } from '../targets.ts'
import { ANSWERS_BAR, measureAnswers } from './answers.ts'
import { measureLists, SCROLLING_BAR } from './lists.ts'
import { measureVisits, VISIT_BARS } from './visits.ts'

const START_LOAD = loadavg()[0] ?? 0
const share = Number(process.env['SIZE'] ?? 1)
const wanted = process.env['SUITE']
const SIZE: Size = {
  servers: 500 * share,
  toolsOfServer: 20,
  people: 5_000 * share,
  records: 1_000_000 * share,
  days: 90,
}

const number = (value: number): string => value.toLocaleString('en')

const HEAD = `# The console beside a large organisation

Written by \`make bench-console\`. ${number(SIZE.servers)} servers with ${number(SIZE.servers * SIZE.toolsOfServer)} tools, ${number(SIZE.people)} people, ${number(SIZE.records)} records of the audit over ${SIZE.days} days, usage counted
by the hour. One gateway with everything on, PostgreSQL beside it; whoever asks is an administrator who is logged in at the console.

Machine: ${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, loopback, no TLS; load average at the start ${START_LOAD.toFixed(1)}.
`

await buildConsole()
const from = performance.now()
const company = await startLargeCompany(SIZE, await startDatabase())
showProgress(`the organisation stands after ${((performance.now() - from) / 1000).toFixed(0)} s`)
const suites: readonly Suite[] = [
  {
    name: 'answers',
    about:
      'Every GET of the route table, the long lists in several ways, 100 times one after the other; from the request to the last byte',
    bars: [ANSWERS_BAR],
    run: () => measureAnswers(company),
  },
  {
    name: 'lists',
    about:
      "Every long list in Debian's Chromium, turned with the wheel through forty windows; the longest time between two frames",
    bars: [SCROLLING_BAR],
    run: () => measureLists(company),
  },
  {
    name: 'visits',
    about:
      'First visits in Chromium at a quarter of the speed, the median of five: bytes on the wire, the largest paint, what jumps, and for how long the page is deaf (of tasks beyond 50 ms, what is beyond, from the first content on)',
    bars: VISIT_BARS,
    run: () => measureVisits(company),
  },
]
try {
  const parts = [HEAD]
  for (const suite of suites.filter(({ name }) => !wanted || name === wanted))
    parts.push(presentSuite(suite, await suite.run()))
  const text = parts.join('\n')
  process.stdout.write(text)
  if (share === 1 && !wanted) writeFileSync(new URL('../RESULTS-CONSOLE.md', import.meta.url), text)
} finally {
  await company.stop()
}
