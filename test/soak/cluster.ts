// The part of `make soak` that runs on a cluster of its own: story 8 with 1,000 cycles and the API server away for five minutes. Writes RESULTS.md; says
// why where this machine can have no cluster.
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'
import { findHostFaults } from '../cluster/host.ts'
import { presentResults } from '../e2e-cluster/report.ts'
import { ROOT } from '../e2e-cluster/settings.ts'

const RESULTS = join(import.meta.dirname, 'RESULTS.md')
const LENGTHS = { CYCLES: '1000', OUTAGE_MINUTES: '5' }

/** Exit code of the stories. */
function runStories(): Promise<number> {
  const { KUBECONFIG: _, ...own } = process.env
  const env = { ...LENGTHS, ...own, STORY: '8', KEEP: '' }
  const ended = Promise.withResolvers<number>()
  const child = spawn(process.execPath, ['test/e2e-cluster/main.ts'], { cwd: ROOT, stdio: 'inherit', env })
  child.on('error', ended.reject)
  child.on('close', (code) => ended.resolve(code ?? 1))
  return ended.promise
}

function writeResults(load: number): void {
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
  writeFileSync(
    RESULTS,
    `# Faults and cycles on a real cluster, for longer

Written by \`make soak\` (\`test/soak/cluster.ts\`), which runs story 8 of \`test/e2e-cluster\` on a cluster of its own: everything of it shares this machine.

${new Date().toISOString().slice(0, 10)}. Machine: ${machine}; load average ${load.toFixed(1)} at the start, ${(loadavg()[2] ?? 0).toFixed(1)} over the last 15 minutes.

\`\`\`text
${presentResults().trim()}
\`\`\`
`,
  )
}

async function main(): Promise<number> {
  const faults = await findHostFaults()
  if (faults.length > 0) {
    console.log(`skipped: faults and cycles on a cluster. ${faults.join(' ')}`)
    return 0
  }
  const [load = 0] = loadavg()
  const code = await runStories()
  writeResults(load)
  console.log(`Written: ${RESULTS}`)
  return code
}

process.exitCode = await main()
