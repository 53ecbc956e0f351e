// The snapshot a catalogue has out, and those who want to hear of the next one. The same for every adapter.
import type { CatalogSnapshot } from './catalog.ts'
import { EMPTY_SNAPSHOT } from './manifests/snapshot.ts'

/** The part of a pino logger a catalogue needs. */
export interface CatalogLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

type Listener = (next: CatalogSnapshot, previous: CatalogSnapshot) => void

export class PublishedSnapshot {
  readonly #log: CatalogLog
  readonly #listeners = new Set<Listener>()
  #current = EMPTY_SNAPSHOT

  constructor(log: CatalogLog) {
    this.#log = log
  }

  get current(): CatalogSnapshot {
    return this.#current
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** False: it is the one that is out already. A reader that fails on it does not keep it from the others. */
  publish(next: CatalogSnapshot): boolean {
    const previous = this.#current
    if (next === previous) return false
    this.#current = next
    this.#tell(next, previous)
    for (const listener of this.#listeners) {
      try {
        listener(next, previous)
      } catch (error) {
        this.#log.warn({ err: error }, 'a reader of the catalogue failed on a change')
      }
    }
    return true
  }

  #tell(next: CatalogSnapshot, previous: CatalogSnapshot): void {
    const known = new Set(previous.faults.map((fault) => JSON.stringify(fault)))
    for (const { message, ...where } of next.faults.filter((fault) => !known.has(JSON.stringify(fault))))
      this.#log.warn({ ...where, fault: message }, 'manifest fault')
    const counts = { servers: next.servers.size, groups: next.groups.size, faults: next.faults.length }
    this.#log.info({ revision: next.revision, ...counts }, 'catalogue changed')
  }
}
