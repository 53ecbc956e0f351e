// Random sequences of client messages, server behaviours and faults against the model in judge.ts, and the proof that each of the planted faults
// in test/mutants/generative.ts would be found. GENERATIVE_SEED plays a run again, GENERATIVE_COUNT makes it longer.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { plant, type Mutant } from '../kit/mutants.ts'
import { MUTANTS } from '../mutants/generative.ts'
import { runGenerative, showFindings } from './run.ts'

const SEED = Number(process.env['GENERATIVE_SEED'] ?? Date.now() % 1_000_000_000)
const COUNT = Number(process.env['GENERATIVE_COUNT'] ?? 2_000)
/** enough for each of the planted faults to show many times over */
const MUTANT_COUNT = 3_000

test(`R4-30: ${COUNT} random sequences show nothing that may not be seen (seed ${SEED})`, async () => {
  console.log(`generative: seed ${SEED}, ${COUNT} sequences`)
  const report = await runGenerative({ seed: SEED, count: COUNT })
  expect(showFindings(report.findings, SEED)).toBe('')
  expect(report.played).toBe(COUNT)
}, 300_000)

test.each(MUTANTS.map((mutant): [string, Mutant] => [mutant.name, mutant]))(
  'R4-31: the sequences find a planted fault: %s',
  async (_name, mutant) => {
    const planted = plant(mutant, { withTests: true })
    try {
      const { code, text } = await run(join(planted.root, 'test/generative/main.ts'), [
        String(SEED),
        String(MUTANT_COUNT),
        'hasty',
      ])
      expect(text).toMatch(mutant.shows ?? /./)
      expect(code).toBe(3)
    } finally {
      planted.remove()
    }
  },
  120_000,
)

function run(main: string, args: readonly string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { timeout: 100_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), text: stdout + stderr })
    })
  })
}
