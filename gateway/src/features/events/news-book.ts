// What changed lately, as hints for pages: who may hear of it and which answers are stale, never the data. Kept so that a page whose connection
// broke hears what it missed; where that is no longer known it is told so, and asks for everything.
import { randomBytes } from 'node:crypto'
import type { EventTopic } from '@mcphub/api'

/** One person, everybody, or those who read what administrators read. */
export type Audience = { readonly userId: string } | 'all' | 'staff'

export interface News {
  readonly number: number
  readonly audience: Audience
  readonly topics: readonly EventTopic[]
}

export interface Hearer {
  readonly userId: string
  /** of this moment */
  readonly isStaff: boolean
}

const KEPT = 1_024
const ID = /^([0-9a-f]{16})-(\d{1,15})$/

export class NewsBook {
  /** of this replica in this life: an id of another one means nothing here */
  readonly #boot = randomBytes(8).toString('hex')
  readonly #listeners = new Set<(news: News) => void>()
  readonly #onAudience: (isListening: boolean) => void
  #kept: News[] = []
  #number = 0

  /** `onAudience`: told when somebody listens and when nobody does any more. */
  constructor(onAudience: (isListening: boolean) => void = () => undefined) {
    this.#onAudience = onAudience
  }

  get lastId(): string {
    return this.idOf(this.#number)
  }

  idOf(number: number): string {
    return `${this.#boot}-${number}`
  }

  add(audience: Audience, topics: readonly EventTopic[]): void {
    const news = { number: ++this.#number, audience, topics }
    this.#kept.push(news)
    // now and then, not each time: a push that shifts the whole list costs more than the memory
    if (this.#kept.length > KEPT * 2) this.#kept = this.#kept.slice(-KEPT)
    for (const listener of this.#listeners) listener(news)
  }

  listen(listener: (news: News) => void): () => void {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#onAudience(true)
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#onAudience(false)
    }
  }

  /** What this one missed since; null: that is not known (another replica, another life, too long ago). */
  since(id: string, hearer: Hearer): ReadonlySet<EventTopic> | null {
    const [, boot, digits] = ID.exec(id) ?? []
    const number = Number(digits)
    if (boot !== this.#boot || number > this.#number) return null
    const missed = this.#number - number
    if (missed > Math.min(KEPT, this.#kept.length)) return null
    const news = missed === 0 ? [] : this.#kept.slice(-missed)
    return new Set(news.filter((one) => concerns(one, hearer)).flatMap(({ topics }) => topics))
  }
}

export function concerns({ audience }: News, { userId, isStaff }: Hearer): boolean {
  if (audience === 'all') return true
  return audience === 'staff' ? isStaff : audience.userId === userId
}
