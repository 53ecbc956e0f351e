// What serves now as the snapshot that readers hold: unchanged servers and groups stay the same objects. Pure.
import type { CatalogFault, CatalogSnapshot, Declaration } from '../catalog.ts'
import { canonicalJson } from '../derive.ts'
import type { Assembled } from './assemble.ts'

export const EMPTY_SNAPSHOT: CatalogSnapshot = { revision: 0, servers: new Map(), groups: new Map(), faults: [] }

/** The previous object itself when nothing differs. */
export function buildSnapshot(previous: CatalogSnapshot, { good, faults }: Assembled): CatalogSnapshot {
  const resources = [...good.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  const servers = keepSame(
    previous.servers,
    resources.flatMap((resource) => (resource.kind === 'McpServer' ? resource.server : [])),
  )
  const groups = keepSame(
    previous.groups,
    resources.flatMap((resource) => (resource.kind === 'UserGroup' ? resource.group : [])),
  )
  const declarations = new Map(
    resources.map(({ key, file, declaration }): [string, Declaration] => [
      key,
      declaration ?? { origin: { file }, keeper: null },
    ]),
  )
  const same =
    servers === previous.servers &&
    groups === previous.groups &&
    sameFaults(previous.faults, faults) &&
    canonicalJson([...(previous.declarations ?? [])]) === canonicalJson([...declarations])
  return same ? previous : { revision: previous.revision + 1, servers, groups, faults, declarations }
}

function keepSame<T extends { readonly name: string }>(
  previous: ReadonlyMap<string, T>,
  next: readonly T[],
): ReadonlyMap<string, T> {
  const kept = next.map((item): [string, T] => {
    const before = previous.get(item.name)
    return [item.name, before && canonicalJson(before) === canonicalJson(item) ? before : item]
  })
  const same = kept.length === previous.size && kept.every(([name, item]) => previous.get(name) === item)
  return same ? previous : new Map(kept)
}

export function sameFaults(a: readonly CatalogFault[], b: readonly CatalogFault[]): boolean {
  return canonicalJson(a) === canonicalJson(b)
}
