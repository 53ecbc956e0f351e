// A cache that the change feed keeps honest: synchronous on a hit, one load however many wait, and what was loaded before a change is
// never kept after it.
export interface FeedCacheOptions<V> {
  readonly load: (key: string) => Promise<V>
  /** least recently used ones go first */
  readonly max?: number
}

export class FeedCache<V> {
  readonly #load: (key: string) => Promise<V>
  readonly #max: number
  readonly #values = new Map<string, { readonly value: V }>()
  readonly #loading = new Map<string, Promise<V>>()

  constructor({ load, max = 10_000 }: FeedCacheOptions<V>) {
    this.#load = load
    this.#max = max
  }

  get(key: string): V | Promise<V> {
    const known = this.#values.get(key)
    if (!known) return this.#loading.get(key) ?? this.#start(key)
    // while there is room the order does not matter, and keeping it costs more than the look-up
    if (this.#values.size > this.#max / 2) {
      this.#values.delete(key)
      this.#values.set(key, known)
    }
    return known.value
  }

  /** Null: all. */
  invalidate(keys: Iterable<string> | null): void {
    for (const key of keys ?? [...this.#values.keys(), ...this.#loading.keys()]) {
      this.#values.delete(key)
      this.#loading.delete(key)
    }
  }

  keys(): readonly string[] {
    return [...this.#values.keys()]
  }

  #start(key: string): Promise<V> {
    const loading: Promise<V> = this.#load(key).then(
      (value) => {
        if (this.#forget(key, loading)) this.#keep(key, value)
        return value
      },
      (thrown: unknown) => {
        this.#forget(key, loading)
        throw thrown
      },
    )
    this.#loading.set(key, loading)
    return loading
  }

  /** True while this load is the current one: a change since then has put it aside. */
  #forget(key: string, loading: Promise<V>): boolean {
    return this.#loading.get(key) === loading && this.#loading.delete(key)
  }

  #keep(key: string, value: V): void {
    this.#values.set(key, { value })
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#max) return
      this.#values.delete(oldest)
    }
  }
}
