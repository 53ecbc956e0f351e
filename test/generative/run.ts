// Random sequences on a few worlds at once: one world after the other would wait for timers most of the time.
import { Judge } from './judge.ts'
import { makePlan, showPlan } from './plan.ts'
import { Sequence } from './sequence.ts'
import { openWorld } from './world.ts'

export interface RunOptions {
  readonly seed: number
  readonly count: number
  readonly lanes?: number
  /** only this one of the run, to look at what it found */
  readonly only?: number
  /** told at once, while other sequences still run */
  readonly onFinding?: (finding: Finding) => void
}

export interface Finding {
  readonly index: number
  readonly violations: readonly string[]
  readonly plan: string
}

export interface Report {
  readonly played: number
  readonly findings: readonly Finding[]
}

/** what a world remembers is let go of now and then */
const WORLD_SEQUENCES = 100

export async function runGenerative(options: RunOptions): Promise<Report> {
  const { seed, count, lanes = 8, only } = options
  const findings: Finding[] = []
  const stray: string[] = []
  const onStray = (error: unknown) =>
    void stray.push(`unhandled: ${error instanceof Error ? error.stack : String(error)}`)
  process.on('unhandledRejection', onStray)
  process.on('uncaughtException', onStray)
  let next = only ?? 0
  let played = 0
  const end = only === undefined ? count : only + 1
  const isOver = () => next >= end
  const lane = async (): Promise<void> => {
    while (!isOver()) {
      const world = await openWorld()
      const judge = new Judge(world.behaviours)
      for (let left = WORLD_SEQUENCES; left > 0 && !isOver(); left--) {
        const index = next++
        const plan = makePlan(seed + index)
        await new Sequence(world, judge, index).play(plan)
        played++
        const violations = [judge.violations, world.behaviours.violations, world.errors, stray].flatMap((all) =>
          all.splice(0),
        )
        if (violations.length === 0) continue
        findings.push({ index, violations, plan: showPlan(plan) })
        options.onFinding?.(findings.at(-1)!)
      }
      await world.close()
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  process.off('unhandledRejection', onStray)
  process.off('uncaughtException', onStray)
  return { played, findings }
}

export function showFindings(findings: readonly Finding[], seed: number): string {
  return findings
    .slice(0, 5)
    .map(({ index, violations, plan }) => {
      const list = violations.map((text) => `  - ${text}`).join('\n')
      return `sequence ${index} of seed ${seed}:\n${list}\nplayed:\n${plan}`
    })
    .join('\n\n')
}
