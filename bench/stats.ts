// Numbers of a bench: percentiles, medians over rounds, ratios with half their range. Pure.

export interface Ratio {
  readonly median: number
  /** half of (max − min) over the rounds */
  readonly spread: number
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  if (upper === undefined) return Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN
}

/** Ratio of target to base, round by round, so that drift of the machine cancels out. */
export function ratioOf(target: readonly number[], base: readonly number[]): Ratio {
  const ratios = target.map((value, round) => value / (base[round] ?? Number.NaN))
  return { median: median(ratios), spread: (Math.max(...ratios) - Math.min(...ratios)) / 2 }
}

export const formatRatio = (ratio: Ratio): string => `${ratio.median.toFixed(2)} ±${ratio.spread.toFixed(2)}`
