// What servers say of themselves, held once per server: each of its links is told the same, and thousands of sessions have one.
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { ServerDescription } from './upstreams.ts'

interface Held {
  readonly text: string
  readonly description: ServerDescription
}

export class SharedDescriptions {
  readonly #last = new WeakMap<CatalogServer, Held>()

  /** The one that was given last, if this one says the same to the letter; callers must not change what they get. */
  share(server: CatalogServer, description: ServerDescription): ServerDescription {
    const text = JSON.stringify(description)
    const held = this.#last.get(server)
    if (held?.text === text) return held.description
    this.#last.set(server, { text, description })
    return description
  }
}
