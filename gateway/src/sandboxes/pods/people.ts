// Whose sandbox a hash means. Sandboxes carry only the hash; the gateways know their people and can hash them all.
import type { Names } from './names.ts'
import type { ShimStore } from './shim-store.ts'

export interface Person {
  readonly id: string
  readonly username: string | null
}

/** between two looks for a hash that nobody has */
const LOOK_MS = 1_000

export class People {
  readonly #store: Pick<ShimStore, 'listPeople'>
  readonly #names: Names
  readonly #byRef = new Map<string, Person>()
  #lookedAt = -Infinity

  constructor(store: Pick<ShimStore, 'listPeople'>, names: Names) {
    this.#store = store
    this.#names = names
  }

  /** @throws HubError `database_unavailable` */
  async load(): Promise<void> {
    this.#lookedAt = performance.now()
    for (const person of await this.#store.listPeople()) this.note(person)
  }

  note(person: Person): void {
    this.#byRef.set(this.#names.userRef(person.id), person)
  }

  /** undefined: not known yet; it is looked for, and the next question may find it. */
  find(userRef: string): Person | undefined {
    const found = this.#byRef.get(userRef)
    if (found === undefined && performance.now() - this.#lookedAt > LOOK_MS) this.load().catch(() => undefined)
    return found
  }
}
