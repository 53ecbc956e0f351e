// `make bench-operator`: a cluster of its own, the steps of measure.ts within its network, bench/RESULTS-OPERATOR.md; and all of it taken away again.
// Root, as `make cluster`. About 15 minutes; SLEEPING, AWAKE, MINUTES and RATE make it smaller (settings.ts), and then nothing is written.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { inNetwork } from '../../test/cluster/commands.ts'
import { takeDown } from '../../test/cluster/down.ts'
import { createStages } from '../../test/cluster/stages.ts'
import { presentFigures, type Figures } from './figures.ts'
import { clearScene, requireNoCluster, setScene } from './scene.ts'
import { FIGURES_FILE } from './settings.ts'

/** whatever hangs, it ends */
const LIMIT_MS = 40 * 60_000
const SIZES = ['SLEEPING', 'AWAKE', 'MINUTES', 'RATE']
const load = loadavg()[0] ?? 0
const stages = createStages()
let measuring: ChildProcess | null = null

async function measure(): Promise<void> {
  const command = inNetwork([process.execPath, join(import.meta.dirname, 'measure.ts'), String(load)])
  measuring = spawn(command[0]!, command.slice(1), { stdio: 'inherit' })
  const [code] = (await once(measuring, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the measurement ended with ${code}`)
}

async function bench(): Promise<void> {
  requireNoCluster()
  try {
    await setScene(stages)
    await stages.run('measured', measure)
    const measured = readFileSync(FIGURES_FILE, 'utf8')
    // a quarter of an hour of work: not lost with what presents it
    process.stdout.write(`${measured}\n`)
    const text = presentFigures(JSON.parse(measured) as Figures)
    process.stdout.write(`\n${text}\n`)
    if (SIZES.every((name) => process.env[name] === undefined))
      writeFileSync(new URL('../RESULTS-OPERATOR.md', import.meta.url), text)
  } finally {
    await stages.run('down', takeDown)
    await clearScene()
  }
}

const giveUp = (): void => void measuring?.kill('SIGTERM')
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, giveUp)
setTimeout(giveUp, LIMIT_MS).unref()
await bench()
process.stdout.write(`${stages.table()}\n`)
