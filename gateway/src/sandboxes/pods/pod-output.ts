// The stderr of a child in a pod as one stream. Its shim tells the last bytes, again and again; what is new in them is found by what was there
// before. Where a child says the very same for as long as is kept, what is new cannot be told from what was there, and is not.
import { LIMITS } from '@mcphub/api'
import type { Secret } from '../../secrets/secret.ts'
import { type StderrPart, StderrRing } from '../process/stderr-ring.ts'
import type { PodChild } from './pod-child.ts'

const CAPACITY = LIMITS.sandboxStderrBytes
const NOTHING = Buffer.alloc(0)
/** of its beginning, to find where it may have been before */
const PROBE_BYTES = 64
/** one that runs, and those that only end what they have */
const LIVES_KEPT = 4

export class PodOutput {
  readonly ring = new StderrRing(CAPACITY)
  /** by life: what it had said when it was heard last */
  readonly #before = new Map<string, Buffer>()

  get isNew(): boolean {
    return this.#before.size === 0
  }

  /** The last bytes of one life of the child, later ones later. */
  take(incarnation: string, bytes: Buffer): void {
    const known = countKnown(this.#before.get(incarnation) ?? NOTHING, bytes, CAPACITY)
    this.#before.delete(incarnation)
    this.#before.set(incarnation, bytes)
    const [oldest] = this.#before.keys()
    if (this.#before.size > LIVES_KEPT) this.#before.delete(oldest!)
    if (known === null) this.ring.skip()
    this.ring.write(bytes.subarray(known ?? 0))
  }
}

/** How many of the bytes were there before; null: something between is missing. `capacity`: as many as are told at most. */
export function countKnown(before: Buffer, bytes: Buffer, capacity: number): number | null {
  if (before.length === 0) return bytes.length < capacity ? 0 : null
  const probe = bytes.subarray(0, Math.min(PROBE_BYTES, before.length))
  for (let at = before.indexOf(probe); at >= 0; at = before.indexOf(probe, at + 1)) {
    const length = before.length - at
    if (length <= bytes.length && before.compare(bytes, 0, length, at) === 0) return length
    // nothing was lost yet: it begins where it began
    if (bytes.length < capacity) return null
  }
  return null
}

/** The part of a child's slot that this is about. */
interface Speaker {
  readonly current: Pick<PodChild, 'incarnation' | 'readStderr'> | null
  readonly secrets: readonly Secret[]
  readonly lastOutput: Promise<Buffer>
  output: PodOutput | null
}

/** What it wrote after a mark, asked of its shim now. */
export async function readOutput(speaker: Speaker, after: string | null): Promise<StderrPart> {
  const output = (speaker.output ??= new PodOutput())
  const { current } = speaker
  if (current !== null) output.take(current.incarnation, await current.readStderr())
  else {
    const bytes = await speaker.lastOutput
    // else it was heard to its end when it ended
    if (output.isNew) output.take('ended', bytes)
  }
  output.ring.redact(speaker.secrets)
  return output.ring.readFrom(after)
}

/** The last words of a life: for who asks later, and for who follows. */
export async function noteLast(speaker: Speaker, life: Pick<PodChild, 'incarnation' | 'readStderr'>): Promise<Buffer> {
  const bytes = await life.readStderr()
  speaker.output?.take(life.incarnation, bytes)
  return bytes
}
