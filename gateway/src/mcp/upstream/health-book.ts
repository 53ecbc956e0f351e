// When a server last answered and what last went wrong, for `servers list` and `explain`. Two fields written per call.
import type { HubError } from '@mcphub/api'
import type { LinkBase } from './link.ts'
import type { Refusal, ServerHealth } from './upstreams.ts'

interface Page {
  successAt: number
  faultAt: number
  fault: string | null
  /** by user, '' = of nobody */
  readonly refusals: Map<string, Refusal>
}

/** Statuses of HTTP with which a server refuses the credentials. */
const REFUSALS: ReadonlySet<unknown> = new Set([401, 403])
/** Faults of the caller, not of the server. */
const NOT_ITS_FAULT = new Set(['canceled', 'unauthenticated', 'shutting_down', 'missing_variable', 'limit_exceeded'])

/** Whose link it was. */
export interface HealthOwner {
  readonly userId: string | null
  /** of the values the link was opened with */
  readonly version: string | null
}

const NOBODY: HealthOwner = { userId: null, version: null }

export class HealthBook {
  readonly #pages = new Map<string, Page>()

  note(server: string, error: HubError | null, { userId, version }: HealthOwner = NOBODY): void {
    let page = this.#pages.get(server)
    if (!page) {
      page = { successAt: 0, faultAt: 0, fault: null, refusals: new Map() }
      this.#pages.set(server, page)
    }
    if (error === null) {
      page.successAt = Date.now()
      page.refusals.delete(userId ?? '')
      return
    }
    if (NOT_ITS_FAULT.has(error.code)) return
    page.faultAt = Date.now()
    page.fault = error.message
    if (version !== null && REFUSALS.has(error.details.data?.['status']))
      page.refusals.set(userId ?? '', { at: new Date(page.faultAt).toISOString(), message: error.message, version })
  }

  /** The server refused what the hub sends for this user, or for everybody. */
  refusal(server: string, userId: string): Refusal | null {
    const refusals = this.#pages.get(server)?.refusals
    return refusals?.get(userId) ?? refusals?.get('') ?? null
  }

  read(links: readonly LinkBase[]): ServerHealth[] {
    const counts = new Map<string, number>()
    for (const link of links) counts.set(link.server.name, (counts.get(link.server.name) ?? 0) + 1)
    const names = new Set([...this.#pages.keys(), ...counts.keys()])
    return Array.from(names, (server) => {
      const page = this.#pages.get(server)
      return {
        server,
        links: counts.get(server) ?? 0,
        lastSuccessAt: page?.successAt ? new Date(page.successAt).toISOString() : null,
        lastFault: page?.fault ? { at: new Date(page.faultAt).toISOString(), message: page.fault } : null,
      }
    })
  }
}
