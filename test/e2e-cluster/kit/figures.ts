// Figures that stories measure, each beside the floor of the same run; kept for the report.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { FIGURES_FILE } from '../settings.ts'

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** what is subtracted from or stands beside the value */
  readonly floor?: number
  /** what the issue asks for, in words */
  readonly bar?: string
}

const readAll = (): Figure[] => {
  try {
    return JSON.parse(readFileSync(FIGURES_FILE, 'utf8')) as Figure[]
  } catch {
    return []
  }
}

export function recordFigure(figure: Figure): void {
  const others = readAll().filter(({ name }) => name !== figure.name)
  mkdirSync(dirname(FIGURES_FILE), { recursive: true })
  writeFileSync(FIGURES_FILE, JSON.stringify([...others, figure], null, 2))
}

/** @param share 0.5 for the median; nearest rank */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** Milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
