// Random sequences without a test runner: for planted faults, for looking at one finding, and for as long as one likes.
// Usage: node test/generative/main.ts <seed> <count> [hasty] [only]; exit code 3: something was found.
import { runGenerative, showFindings, type Finding } from './run.ts'

const [seed = '1', count = '100', mode = '', only = ''] = process.argv.slice(2)
const report = await runGenerative({
  seed: Number(seed),
  count: Number(count),
  ...(only === '' ? {} : { only: Number(only) }),
  ...(mode === 'hasty' ? { onFinding: (finding) => finish([finding]) } : {}),
})
console.log(`${report.played} sequences, ${report.findings.length} with findings`)
finish(report.findings)

function finish(findings: readonly Finding[]): never {
  if (findings.length > 0) console.log(showFindings(findings, Number(seed)))
  process.exit(findings.length > 0 ? 3 : 0)
}
