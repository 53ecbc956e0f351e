// What a child may say unasked. Answers cost what their callers asked for; notifications and requests cost the hub's one thread as much to parse, and a
// hostile child can say them without end. So each child has a budget of bytes to be parsed: spent, it is not read until there is some again, and its pipe
// holds it up. A dear line is not parsed at all unless it is the answer of a call in flight.
import type { Child } from '../../sandboxes/sandboxes.ts'

export const CHATTER = {
  /** what may be said at once, after a while of silence */
  burstBytes: 1024 * 1024,
  bytesPerSecond: 256 * 1024,
  /** and for each call it answers */
  bytesPerAnswer: 16 * 1024,
  /** what one line unasked may cost */
  lineBytes: 256 * 1024,
} as const

/** below this a line costs its length */
const SMALL_BYTES = 16 * 1024
/** a line of nothing costs something too */
const LEAST_BYTES = 128
/** values cost much: some 12 bytes' worth for each */
const BYTES_PER_VALUE = 12
/** and a long text little, as looking through a line does */
export const TEXT_SHARE = 32

const COSTS = new Uint8Array(256)
for (const sign of '{[,') COSTS[sign.charCodeAt(0)] = BYTES_PER_VALUE

/** What the line costs to parse, in bytes of small values. It is looked through until that is more than `most`. */
export function costOf(line: Buffer, most = Infinity): number {
  if (line.length <= SMALL_BYTES) return Math.max(line.length, LEAST_BYTES)
  const enough = Math.min(most, line.length)
  let cost = Math.ceil(line.length / TEXT_SHARE)
  for (let at = 0; at < line.length && cost <= enough; at++) cost += COSTS[line[at]!]!
  return Math.min(cost, line.length)
}

/** The time of `now` is in milliseconds. */
export class Chatter {
  readonly #child: Pick<Child, 'pause' | 'resume'>
  readonly #now: () => number
  #left: number = CHATTER.burstBytes
  #at: number
  #timer: NodeJS.Timeout | null = null

  constructor(child: Pick<Child, 'pause' | 'resume'>, now: () => number = () => performance.now()) {
    this.#child = child
    this.#now = now
    this.#at = now()
  }

  answered(): void {
    this.#left = Math.min(this.#left + CHATTER.bytesPerAnswer, CHATTER.burstBytes)
  }

  /** Something else was said. Over its budget the child is not read for as long as it is in debt. */
  spend(bytes: number): void {
    const now = this.#now()
    const earned = ((now - this.#at) / 1000) * CHATTER.bytesPerSecond
    this.#at = now
    this.#left = Math.min(this.#left + earned, CHATTER.burstBytes) - bytes
    if (this.#left >= 0 || this.#timer !== null) return
    this.#child.pause()
    this.#timer = setTimeout(() => this.#goOn(), Math.ceil((-this.#left / CHATTER.bytesPerSecond) * 1000))
    this.#timer.unref()
  }

  /** The child has gone. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #goOn(): void {
    this.#timer = null
    this.#child.resume()
  }
}
