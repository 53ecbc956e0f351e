// Where a remote server is and what every request to it carries, made once for each set of values: all sessions of a user have the same.
import type { CatalogServer } from '../../catalog/catalog.ts'
import { buildSharedHeaders, type SharedHeaders } from '../../proxy/headers.ts'
import type { ResolvedVariables } from '../../secrets/variables.ts'
import { expandRemote } from './expand.ts'

export interface LinkTarget {
  readonly url: URL
  readonly origin: string
  /** path and query */
  readonly path: string
  readonly headers: SharedHeaders
}

export class LinkTargets {
  readonly #userAgent: string
  readonly #made = new WeakMap<ResolvedVariables, { readonly server: CatalogServer; readonly target: LinkTarget }>()

  constructor(version: string) {
    this.#userAgent = `mcphub/${version}`
  }

  /** @throws HubError `invalid_variable`, `server_unavailable` */
  find(server: CatalogServer, variables: ResolvedVariables): LinkTarget {
    const made = this.#made.get(variables)
    if (made?.server === server) return made.target
    const { url, origin, path, headers } = expandRemote(server, variables.values)
    const target = { url, origin, path, headers: buildSharedHeaders(headers, this.#userAgent) }
    this.#made.set(variables, { server, target })
    return target
  }
}
