// Who wants to hear of what at which server, beyond the life of a link: when a link is replaced (another value, another configuration) or lost,
// the watch moves to the next one. What a user or session wanted ends with them.
import { HubError, toHubError } from '@mcphub/api'
import type { CatalogServer } from '../../catalog/catalog.ts'
import type { LinkBase } from './link.ts'
import type { Topic } from './subscriptions.ts'
import type { LinkOwner } from './upstreams.ts'

export interface WatchesDeps {
  /** @throws HubError */
  linkFor(owner: LinkOwner | null, server: CatalogServer): Promise<LinkBase>
  /** as the catalogue has it now */
  findServer(name: string): CatalogServer | undefined
  readonly log: { debug(fields: object, message: string): void }
}

interface Watch {
  readonly owner: LinkOwner | null
  readonly server: string
  readonly topic: Topic
  link: LinkBase | null
  timer: NodeJS.Timeout | null
  failures: number
  isOver: boolean
}

const MOVE_MS = { first: 250, most: 60_000 }

export class Watches {
  readonly #deps: WatchesDeps
  readonly #all = new Set<Watch>()

  constructor(deps: WatchesDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#all.size
  }

  /** Returns what gives it back. @throws HubError when the server cannot be reached or does not agree */
  async add(owner: LinkOwner | null, server: CatalogServer, topic: Topic): Promise<() => void> {
    const watch: Watch = { owner, server: server.name, topic, link: null, timer: null, failures: 0, isOver: false }
    // known before the server is asked: what ends its owner's watches ends this one too
    this.#all.add(watch)
    try {
      const link = await this.#deps.linkFor(owner, server)
      checkWanted(watch)
      await link.watch(topic)
      this.#take(watch, link)
      checkWanted(watch)
    } catch (error) {
      this.#end(watch)
      throw error
    }
    return () => this.#end(watch)
  }

  onClosed(link: LinkBase): void {
    for (const watch of this.#all) {
      if (watch.link !== link) continue
      watch.link = null
      this.#moveLater(watch)
    }
  }

  /** Nobody is there any more who could hear. */
  endWhere(chosen: (owner: LinkOwner) => boolean): void {
    for (const watch of this.#all) if (watch.owner !== null && chosen(watch.owner)) this.#end(watch)
  }

  stop(): void {
    for (const watch of this.#all) this.#end(watch)
  }

  #end(watch: Watch): void {
    if (!this.#all.delete(watch)) return
    watch.isOver = true
    if (watch.timer !== null) clearTimeout(watch.timer)
    watch.link?.unwatch(watch.topic)
    watch.link = null
  }

  /** The link agreed. False: it is not the watch's, who ended meanwhile, or the link did. */
  #take(watch: Watch, link: LinkBase): boolean {
    if (watch.isOver) link.unwatch(watch.topic)
    else if (link.isClosed) this.#moveLater(watch)
    else watch.link = link
    return watch.link === link
  }

  #moveLater(watch: Watch): void {
    const wait = Math.min(MOVE_MS.first * 2 ** watch.failures++, MOVE_MS.most)
    watch.timer = setTimeout(() => void this.#move(watch), wait)
    watch.timer.unref()
  }

  async #move(watch: Watch): Promise<void> {
    watch.timer = null
    const server = this.#deps.findServer(watch.server)
    if (server === undefined) return this.#end(watch)
    try {
      const link = await this.#deps.linkFor(watch.owner, server)
      if (watch.isOver) return
      await link.watch(watch.topic)
      if (!this.#take(watch, link)) return
      watch.failures = 0
      link.onGap(watch.topic)
    } catch (error) {
      if (watch.isOver) return
      this.#deps.log.debug(
        { server: watch.server, code: toHubError(error).code },
        'a subscription could not be renewed',
      )
      this.#moveLater(watch)
    }
  }
}

/** @throws HubError */
function checkWanted({ isOver }: Watch): void {
  if (isOver) throw new HubError('canceled', 'Nobody is there any more to be told')
}
