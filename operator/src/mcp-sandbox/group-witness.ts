// What the API server itself says of groups that sandboxes name and the store lacks. A list may come back short: only a 404 makes a group gone,
// and only then do its limits fall away. An answer is good for all sandboxes, for a minute, and until the watch tells of that group.
import { isNotFound, parseKey, type Change, type KubeClient } from '@mcphub/kube'
import { USER_GROUPS, type GroupObject } from '../resources.ts'
import { viewGroup } from '../world.ts'

const HOLDS_MS = 60_000
/** so long nobody asks again after an answer that said neither */
const FAULT_HOLDS_MS = 5_000

type Answer = GroupObject | 'gone'

export interface GroupWitnessOptions {
  readonly client: KubeClient
  /** the API server has one that the store lacks */
  readonly onContradiction: () => void
  /** no answer; it is asked again after a while */
  readonly onError: (key: string, error: unknown, waitMs: number) => void
  /** monotonic, in ms */
  readonly nowMs?: () => number
}

export class GroupWitness {
  readonly #options: GroupWitnessOptions
  readonly #nowMs: () => number
  /** null: there was no answer */
  readonly #held = new Map<string, { readonly answer: Answer | null; readonly untilMs: number }>()
  readonly #asked = new Map<string, Promise<void>>()

  constructor(options: GroupWitnessOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? (() => performance.now())
  }

  /** What was answered a moment ago; undefined: nobody knows. */
  recall(key: string): Answer | undefined {
    return this.#heldOf(key)?.answer ?? undefined
  }

  /** One GET for each of them however many sandboxes ask. @returns how long to wait before asking again, in ms; null: all are known now */
  async ask(keys: readonly string[], signal: AbortSignal): Promise<number | null> {
    await Promise.all(keys.filter((key) => !this.#heldOf(key)).map((key) => this.#askOnce(key, signal)))
    return keys.some((key) => this.#heldOf(key)?.answer === null) ? FAULT_HOLDS_MS : null
  }

  /** The watch tells of a group: it knows better. */
  observe({ key }: Change<GroupObject>): void {
    this.#held.delete(key)
    this.#asked.delete(key)
  }

  #heldOf(key: string): { readonly answer: Answer | null } | undefined {
    const held = this.#held.get(key)
    if (!held || held.untilMs > this.#nowMs()) return held
    this.#held.delete(key)
    return undefined
  }

  #askOnce(key: string, signal: AbortSignal): Promise<void> {
    const known = this.#asked.get(key)
    if (known) return known
    const asking = this.#get(key, signal).then((answer) => {
      // what the watch told meanwhile is younger
      if (this.#asked.get(key) !== asking) return
      this.#asked.delete(key)
      this.#held.set(key, { answer, untilMs: this.#nowMs() + (answer === null ? FAULT_HOLDS_MS : HOLDS_MS) })
      if (answer !== null && answer !== 'gone') this.#options.onContradiction()
    })
    this.#asked.set(key, asking)
    return asking
  }

  async #get(key: string, signal: AbortSignal): Promise<Answer | null> {
    try {
      return viewGroup(await this.#options.client.get(USER_GROUPS, parseKey(key), signal))
    } catch (error) {
      if (isNotFound(error)) return 'gone'
      if (!signal.aborted) this.#options.onError(key, error, FAULT_HOLDS_MS)
      return null
    }
  }
}
