// What is known of one kind, by key, with indexes. Written by its reflector alone. Items are as small as the reflector's transform makes
// them, are shared by all who read, and must not be changed.
import { keyOf, type Stored } from './objects.ts'

export type IndexFunction<T> = (item: T) => readonly string[]
export type Indexers<T> = Readonly<Record<string, IndexFunction<T>>>

/** One key, or several: most values of an index have one, and a Set for each would weigh as much as the item. */
type Keys = string | Set<string>

export type Change<T> =
  | { readonly type: 'added'; readonly key: string; readonly item: T; readonly initial: boolean }
  | { readonly type: 'updated'; readonly key: string; readonly item: T; readonly before: T }
  | { readonly type: 'deleted'; readonly key: string; readonly before: T }

/** What a change is about, as it is now, or was before it went. */
export const itemOf = <T>(change: Change<T>): T => (change.type === 'deleted' ? change.before : change.item)

/** What others may do with a store. */
export interface ReadStore<T> {
  get(key: string): T | undefined
  list(): IterableIterator<T>
  /** Items whose index function gave this value. @throws for an index nobody declared */
  byIndex(index: string, value: string): readonly T[]
  readonly size: number
  /** true once the first whole list is in */
  readonly hasSynced: boolean
}

export class Store<T extends Stored> implements ReadStore<T> {
  readonly #items = new Map<string, T>()
  readonly #indexers: Indexers<T>
  readonly #indexes = new Map<string, Map<string, Keys>>()
  #synced = false

  constructor(indexers: Indexers<T> = {}) {
    this.#indexers = indexers
    for (const name of Object.keys(indexers)) this.#indexes.set(name, new Map())
  }

  get size(): number {
    return this.#items.size
  }
  get hasSynced(): boolean {
    return this.#synced
  }

  get(key: string): T | undefined {
    return this.#items.get(key)
  }

  list(): IterableIterator<T> {
    return this.#items.values()
  }

  byIndex(index: string, value: string): readonly T[] {
    const values = this.#indexes.get(index)
    if (!values) throw new Error(`the store has no index ${index}`)
    return listKeys(values.get(value)).map((key) => this.#items.get(key)!)
  }

  /** One object as it is now. A namesake with another UID is another object: it is told as deleted and added. */
  put(item: T): Change<T>[] {
    const key = keyOf(item)
    const before = this.#items.get(key)
    if (before && before.metadata.resourceVersion === item.metadata.resourceVersion && sameUid(before, item)) return []
    if (before) this.#unindex(key, before)
    this.#items.set(key, item)
    this.#index(key, item)
    const added: Change<T> = { type: 'added', key, item, initial: !this.#synced }
    if (!before) return [added]
    return sameUid(before, item) ? [{ type: 'updated', key, item, before }] : [{ type: 'deleted', key, before }, added]
  }

  /** Gone; a late word about an earlier namesake changes nothing. */
  remove({ metadata }: Stored): Change<T>[] {
    const key = keyOf({ metadata })
    const before = this.#items.get(key)
    if (!before || before.metadata.uid !== metadata.uid) return []
    return this.#drop(key, before)
  }

  /** The whole truth of a list: what it does not hold is gone. */
  replace(items: readonly T[]): Change<T>[] {
    const keys = new Set(items.map(keyOf))
    const gone = [...this.#items].filter(([key]) => !keys.has(key))
    const changes = [
      ...gone.flatMap(([key, before]) => this.#drop(key, before)),
      ...items.flatMap((item) => this.put(item)),
    ]
    this.#synced = true
    return changes
  }

  /** All that is known, as it is told to one who comes later. */
  replay(): Change<T>[] {
    return [...this.#items].map(([key, item]) => ({ type: 'added', key, item, initial: true }))
  }

  #drop(key: string, before: T): Change<T>[] {
    this.#items.delete(key)
    this.#unindex(key, before)
    return [{ type: 'deleted', key, before }]
  }

  #index(key: string, item: T): void {
    for (const [name, values] of this.#indexes) {
      for (const value of this.#indexers[name]!(item)) values.set(value, withKey(values.get(value), key))
    }
  }

  #unindex(key: string, item: T): void {
    for (const [name, values] of this.#indexes) {
      for (const value of this.#indexers[name]!(item)) {
        const keys = values.get(value)
        if (keys instanceof Set) keys.delete(key)
        if (keys === key || (keys instanceof Set && keys.size === 0)) values.delete(value)
      }
    }
  }
}

const listKeys = (keys: Keys | undefined): string[] =>
  keys === undefined ? [] : typeof keys === 'string' ? [keys] : [...keys]

function withKey(keys: Keys | undefined, key: string): Keys {
  if (keys === undefined || keys === key) return key
  return typeof keys === 'string' ? new Set([keys, key]) : keys.add(key)
}

const sameUid = (one: Stored, other: Stored): boolean => one.metadata.uid === other.metadata.uid
