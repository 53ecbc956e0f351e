// What a group can be filled with: the servers I may use, and those that are in it already, whatever has become of them.
import type { RouteResponse } from '@mcphub/api'

export type Server = RouteResponse<'listServers'>['items'][number]

export interface Choice {
  readonly name: string
  /** undefined: I may not use it now, or it is gone */
  readonly server: Server | undefined
  /** null: not known yet */
  readonly toolCount: number | null
}

const byName = new Intl.Collator()

export function listChoices(servers: readonly Server[], chosen: readonly string[]): readonly Choice[] {
  const known = servers.map((server): Choice => ({ name: server.name, server, toolCount: server.toolCount }))
  const names = new Set(servers.map(({ name }) => name))
  const gone = chosen
    .filter((name) => !names.has(name))
    .map((name): Choice => ({ name, server: undefined, toolCount: 0 }))
  return [...known, ...gone].toSorted((a, b) =>
    byName.compare(a.server?.displayName ?? a.name, b.server?.displayName ?? b.name),
  )
}

/** As far as they are known. */
export function sumTools(servers: readonly Server[], chosen: readonly string[]): number {
  const wanted = new Set(chosen)
  return servers.reduce((sum, { name, toolCount }) => sum + (wanted.has(name) ? (toolCount ?? 0) : 0), 0)
}
