// How soon the operator writes, by its own histogram of `mcphub_sandbox_start_reaction_seconds`: from a wake's event until the pod's write has its socket.
import type { Metrics } from './operator-process.ts'

export interface Reaction {
  /** ms, and how many took no longer, of 1 */
  readonly shares: readonly (readonly [number, number])[]
  /** the lowest bound within which 99 of 100 lay, in ms; null above the last */
  readonly p99: number | null
}

const BOUNDS_MS = [5, 10, 25, 50, 100, 250]

/** @throws where nothing was observed */
export function readReaction(spans: readonly { readonly before: Metrics; readonly after: Metrics }[]): Reaction {
  const of = (bound: string): number => {
    const name = `mcphub_sandbox_start_reaction_seconds_bucket{controller="mcp-sandbox",le="${bound}"}`
    return spans.reduce((sum, { before, after }) => sum + (after.get(name) ?? 0) - (before.get(name) ?? 0), 0)
  }
  const all = of('+Inf')
  if (all === 0) throw new Error('the operator observed no start')
  const shares = BOUNDS_MS.map((ms) => [ms, of(String(ms / 1000)) / all] as const)
  return { shares, p99: shares.find(([, share]) => share >= 0.99)?.[0] ?? null }
}

export const presentShares = ({ shares }: Reaction): string =>
  shares.map(([ms, share]) => `${ms} ms: ${(share * 100).toFixed(1)} %`).join(' · ')
