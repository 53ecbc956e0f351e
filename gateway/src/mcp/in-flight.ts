// What is in flight, in the order it came. Not a Set: a Set that grows and shrinks with every call leaves a chain of outgrown tables behind it, and
// once the first of them is old, each young collection keeps them all, with every request and response they ever held (docs/performance.md).

/** Fields of a member; for the list alone. One list at a time. */
export interface Listed {
  listed: InFlight<Listed> | null
  listNext: Listed | null
  listPrevious: Listed | null
}

export class InFlight<T extends Listed> implements Iterable<T> {
  #first: Listed | null = null
  #last: Listed | null = null
  #size = 0

  get size(): number {
    return this.#size
  }

  add(member: T): void {
    if (member.listed !== null) return
    member.listed = this as unknown as InFlight<Listed>
    member.listPrevious = this.#last
    if (this.#last === null) this.#first = member
    else this.#last.listNext = member
    this.#last = member
    this.#size++
  }

  delete(member: T): void {
    if (member.listed !== (this as unknown)) return
    const { listNext, listPrevious } = member
    if (listPrevious === null) this.#first = listNext
    else listPrevious.listNext = listNext
    if (listNext === null) this.#last = listPrevious
    else listNext.listPrevious = listPrevious
    // who has left must not hold on to those who stay
    member.listed = null
    member.listNext = null
    member.listPrevious = null
    this.#size--
  }

  /** Those who are there now, whoever leaves meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    const members: T[] = []
    for (let member = this.#first; member !== null; member = member.listNext) members.push(member as T)
    return members[Symbol.iterator]()
  }
}
