// All rows of the pairing matrix, in the order of the guide; and those whose turn has not come.
import type { Down, Feature, Up } from './matrix.ts'
import { OFFERS } from './offers.ts'
import { OPENINGS } from './openings.ts'
import { ASKED } from './questions.ts'
import { TALKS } from './talks.ts'
import { TASKS } from './tasks.ts'

export const FEATURES: readonly Feature[] = [...OPENINGS, ...OFFERS, ...TALKS, ...ASKED, ...TASKS]

/** Promised and not there yet; one entry for each reason. Nothing in it runs. */
export const PENDING: readonly {
  readonly titles: readonly string[]
  readonly down?: readonly Down[]
  readonly up?: readonly Up[]
  readonly reason: string
}[] = []

export function isPending({ title }: Feature, down: Down, up: Up): boolean {
  return PENDING.some(
    (one) => one.titles.includes(title) && (one.down?.includes(down) ?? true) && (one.up?.includes(up) ?? true),
  )
}
