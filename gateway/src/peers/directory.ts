// Which other replicas live: those the headless Service names, and those that were heard from lately (a name service tells of new ones late).
import { lookup } from 'node:dns/promises'
import { addressOf, isSameAddress } from './replica-name.ts'

export interface DirectoryDeps {
  readonly own: string
  readonly service: string
  readonly log: { warn(fields: object, message: string): void }
  /** addresses of the Service; default: the system's name service */
  readonly resolve?: (service: string) => Promise<readonly string[]>
  readonly refreshMs?: number
}

const REFRESH_MS = 5_000
const HEARD_MS = 60_000

export class Directory {
  readonly #deps: DirectoryDeps
  #named: readonly string[] = []
  readonly #heard = new Map<string, number>()
  #timer: NodeJS.Timeout | null = null
  #isFailing = false

  constructor(deps: DirectoryDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    await this.refresh()
    this.#timer = setInterval(() => void this.refresh(), this.#deps.refreshMs ?? REFRESH_MS)
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  addresses(): readonly string[] {
    return [...new Set([...this.#named, ...this.#heard.keys()])]
  }

  /** True: it is new. */
  heard(name: string): boolean {
    const address = addressOf(name)
    if (address === null || isSameAddress(address, this.#deps.own)) return false
    const isNew = !this.#named.includes(address) && !this.#heard.has(address)
    this.#heard.set(address, performance.now())
    return isNew
  }

  /** A name service that does not answer takes nobody away. */
  async refresh(): Promise<void> {
    const { own, service, resolve = resolveAll, log } = this.#deps
    try {
      const found = await resolve(service)
      this.#named = found.filter((address) => !isSameAddress(address, own))
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) log.warn({ err: error, service }, 'the other gateways could not be looked up')
      this.#isFailing = true
    }
    const since = performance.now() - HEARD_MS
    for (const [address, at] of this.#heard) if (at < since) this.#heard.delete(address)
  }
}

async function resolveAll(service: string): Promise<string[]> {
  return (await lookup(service, { all: true })).map(({ address }) => address)
}
