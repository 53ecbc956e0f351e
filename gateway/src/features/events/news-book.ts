// What changed lately, as hints for pages: who may hear of it and which answers are stale, never the data. Kept so that a page whose connection
// broke hears what it missed; where that is no longer known it is told so, and asks for everything. An id is its hearer's alone: a browser takes
// its stream up again by the cookie it has then, which may be somebody else's, whose page holds nothing true yet.
import { createHash, randomBytes } from 'node:crypto'
import type { EventTopic } from '@mcphub/api'

/** One person, everybody, or those who read what administrators read. */
export type Audience = { readonly userId: string } | 'all' | 'staff'

export interface News {
  readonly number: number
  /** by the monotonic clock, ms */
  readonly at: number
  readonly audience: Audience
  readonly topics: readonly EventTopic[]
}

export interface Hearer {
  readonly userId: string
  /** of this moment */
  readonly isStaff: boolean
}

const KEPT = 1_024
const ID = /^([0-9a-f]{16})-([0-9a-f]{16})-(\d{1,15})$/

export class NewsBook {
  /** of this replica in this life: an id of another one means nothing here */
  readonly #boot = randomBytes(8).toString('hex')
  readonly #listeners = new Set<(news: News) => void>()
  readonly #onAudience: (isListening: boolean) => void
  #kept: News[] = []
  /** what was before is not known, by the same clock */
  #knownFrom = performance.now()
  #number = 0

  /** `onAudience`: told when somebody listens and when nobody does any more. */
  constructor(onAudience: (isListening: boolean) => void = () => undefined) {
    this.#onAudience = onAudience
  }

  lastId(hearer: Pick<Hearer, 'userId'>): string {
    return this.idOf(hearer, this.#number)
  }

  idOf({ userId }: Pick<Hearer, 'userId'>, number: number): string {
    return `${this.#boot}-${this.#markOf(userId)}-${number}`
  }

  /** Says whether two are the same, and not who. */
  #markOf(userId: string): string {
    return createHash('sha256').update(`${this.#boot} ${userId}`).digest('hex').slice(0, 16)
  }

  add(audience: Audience, topics: readonly EventTopic[]): void {
    const news = { number: ++this.#number, at: performance.now(), audience, topics }
    this.#kept.push(news)
    // now and then, not each time: a push that shifts the whole list costs more than the memory
    if (this.#kept.length > KEPT * 2) {
      this.#knownFrom = this.#kept.at(-KEPT - 1)!.at
      this.#kept = this.#kept.slice(-KEPT)
    }
    for (const listener of this.#listeners) listener(news)
  }

  listen(listener: (news: News) => void): () => void {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#onAudience(true)
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#onAudience(false)
    }
  }

  /** What this one missed since; null: that is not known (somebody else's id, another replica, another life, too long ago). */
  since(id: string, hearer: Hearer): ReadonlySet<EventTopic> | null {
    const [, boot, mark, digits] = ID.exec(id) ?? []
    const number = Number(digits)
    if (boot !== this.#boot || mark !== this.#markOf(hearer.userId) || number > this.#number) return null
    const missed = this.#number - number
    if (missed > Math.min(KEPT, this.#kept.length)) return null
    return topicsFor(hearer, missed === 0 ? [] : this.#kept.slice(-missed))
  }

  /** What changed for this one in the last so many milliseconds; null: that is not known any more, or not yet. */
  lately(ms: number, hearer: Hearer): ReadonlySet<EventTopic> | null {
    const from = performance.now() - ms
    if (from <= this.#knownFrom) return null
    return topicsFor(
      hearer,
      this.#kept.filter(({ at }) => at >= from),
    )
  }
}

const topicsFor = (hearer: Hearer, news: readonly News[]): ReadonlySet<EventTopic> =>
  new Set(news.filter((one) => concerns(one, hearer)).flatMap(({ topics }) => topics))

export function concerns({ audience }: News, { userId, isStaff }: Hearer): boolean {
  if (audience === 'all') return true
  return audience === 'staff' ? isStaff : audience.userId === userId
}
