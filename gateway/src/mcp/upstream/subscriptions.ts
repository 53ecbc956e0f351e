// What is heard of one server beyond answers: resources somebody subscribed to, lists somebody watches. Upstream each is asked for once, however many
// want it; again whenever the conversation had to be begun anew; and given back with the last one who wants it.

/** A resource's own URI, or `LISTS`. */
export type Topic = string
/** list_changed of a server; no URI is empty */
export const LISTS: Topic = ''

/** How a link subscribes, in the way of its era. */
export interface SubscriptionHost {
  /** @throws HubError */
  opened(): Promise<void>
  /** @throws HubError when the server does not agree */
  subscribe(topic: Topic): Promise<void>
  unsubscribe(topic: Topic): void
  /** nobody listened for a while: it may have changed */
  onGap(topic: Topic): void
}

interface Entry {
  holders: number
  isMade: boolean
  making: Promise<void> | null
}

const RENEW_MS = { first: 500, most: 60_000 }
/** what lasted less was hardly agreed to */
const SHORT_MS = 5000

export class Subscriptions {
  readonly #host: SubscriptionHost
  readonly #entries = new Map<Topic, Entry>()
  /** counts the conversations: what was agreed in an earlier one is gone */
  #turn = 0
  #failures = 0
  /** when something was agreed last in the conversation that is now */
  #agreedAt = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(host: SubscriptionHost) {
    this.#host = host
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  /** @throws HubError; then this holder holds nothing */
  async add(topic: Topic): Promise<void> {
    const entry = this.#entries.get(topic) ?? { holders: 0, isMade: false, making: null }
    entry.holders++
    this.#entries.set(topic, entry)
    try {
      await this.#make(topic, entry)
    } catch (error) {
      this.remove(topic)
      throw error
    }
  }

  remove(topic: Topic): void {
    const entry = this.#entries.get(topic)
    if (entry === undefined || --entry.holders > 0) return
    this.#entries.delete(topic)
    if (entry.isMade) this.#host.unsubscribe(topic)
  }

  /** The conversation in which they were agreed is over. */
  onLost(): void {
    this.#turn++
    // one that agrees and breaks off at once, again and again, is asked ever more slowly
    if (performance.now() - this.#agreedAt >= SHORT_MS) this.#failures = 0
    this.#agreedAt = Number.POSITIVE_INFINITY
    for (const entry of this.#entries.values()) entry.isMade = false
    this.#renewLater()
  }

  /** The conversation began (again). */
  onOpened(): void {
    if (this.#timer === null) return
    clearTimeout(this.#timer)
    this.#timer = null
    void this.#renew()
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#entries.clear()
  }

  #make(topic: Topic, entry: Entry): Promise<void> {
    if (entry.isMade) return Promise.resolve()
    entry.making ??= this.#makeOnce(topic, entry).finally(() => {
      entry.making = null
    })
    return entry.making
  }

  async #makeOnce(topic: Topic, entry: Entry): Promise<void> {
    await this.#host.opened()
    const turn = this.#turn
    await this.#host.subscribe(topic)
    if (this.#isClosed || turn !== this.#turn) return
    entry.isMade = true
    this.#agreedAt = performance.now()
    // everybody left while the server was asked
    if (this.#entries.get(topic) !== entry) this.#host.unsubscribe(topic)
  }

  #renewLater(): void {
    if (this.#timer !== null || this.isEmpty || this.#isClosed) return
    const wait = Math.min(RENEW_MS.first * 2 ** this.#failures++, RENEW_MS.most)
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#renew()
    }, wait)
    this.#timer.unref()
  }

  async #renew(): Promise<void> {
    const renewed = [...this.#entries].filter(([, entry]) => !entry.isMade)
    const outcomes = await Promise.allSettled(renewed.map(([topic, entry]) => this.#make(topic, entry)))
    for (const [at, [topic, entry]] of renewed.entries()) {
      if (outcomes[at]!.status === 'fulfilled' && entry.isMade) this.#host.onGap(topic)
    }
    if (outcomes.some((outcome) => outcome.status === 'rejected')) this.#renewLater()
  }
}
