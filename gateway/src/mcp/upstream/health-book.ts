// When a server last answered and what last went wrong, for `servers list` and `explain`. Two fields written per call.
import type { HubError } from '@mcphub/api'
import type { LinkBase } from './link.ts'
import type { ServerHealth } from './upstreams.ts'

interface Page {
  successAt: number
  faultAt: number
  fault: string | null
}

/** Faults of the caller, not of the server. */
const NOT_ITS_FAULT = new Set(['canceled', 'unauthenticated', 'shutting_down', 'missing_variable', 'limit_exceeded'])

export class HealthBook {
  readonly #pages = new Map<string, Page>()

  note(server: string, error: HubError | null): void {
    let page = this.#pages.get(server)
    if (!page) {
      page = { successAt: 0, faultAt: 0, fault: null }
      this.#pages.set(server, page)
    }
    if (error === null) {
      page.successAt = Date.now()
      return
    }
    if (NOT_ITS_FAULT.has(error.code)) return
    page.faultAt = Date.now()
    page.fault = error.message
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
