// An effect in one sentence: who loses and who gains how much in all. Pure.
import type { Effect } from '../api/use-check.ts'

export interface Amount {
  readonly servers: number
  /** null: of none of the servers the tools are known */
  readonly tools: number | null
}

export interface Summary {
  readonly way: 'nothing' | 'lose' | 'gain' | 'both'
  readonly lost: Amount
  readonly gained: Amount
}

export function summarise({ lose, gain }: Pick<Effect, 'lose' | 'gain'>): Summary {
  const way = lose.length > 0 ? (gain.length > 0 ? 'both' : 'lose') : gain.length > 0 ? 'gain' : 'nothing'
  return { way, lost: amountOf(lose), gained: amountOf(gain) }
}

function amountOf(moved: Effect['lose']): Amount {
  const known = moved.flatMap(({ tools }) => tools ?? [])
  return { servers: moved.length, tools: known.length === 0 ? null : known.reduce((sum, tools) => sum + tools, 0) }
}
