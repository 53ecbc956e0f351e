// What a change of the catalogue means, in one line each, for the person who has just saved a manifest.
import type { Catalog, CatalogFault, CatalogSnapshot } from './catalog.ts'

export interface CatalogNews {
  readonly type: 'progress'
  readonly message: string
  readonly state: 'done' | 'failed'
}

export const describeManifestFault = ({ file, line, message }: CatalogFault): string =>
  `${file}${line === null ? '' : `:${line}`}: ${message}`

/** Returns the function that ends it. */
export function tellCatalogNews(catalog: Catalog, tell: (news: CatalogNews) => void): () => void {
  return catalog.subscribe((next, previous) => {
    for (const news of compareCatalogs(next, previous)) tell(news)
  })
}

export function compareCatalogs(next: CatalogSnapshot, previous: CatalogSnapshot): readonly CatalogNews[] {
  const known = new Set(previous.faults.map(describeManifestFault))
  const faults = next.faults.map(describeManifestFault).filter((fault) => !known.has(fault))
  const isMended = previous.faults.length > 0 && next.faults.length === 0
  const changes = listChanges(next, previous)
  return [
    ...faults.map((message) => ({ type: 'progress', message, state: 'failed' }) as const),
    ...(isMended ? [{ type: 'progress', message: 'Every manifest is in use again', state: 'done' } as const] : []),
    ...(changes ? [{ type: 'progress', message: `Catalogue: ${changes}`, state: 'done' } as const] : []),
  ]
}

function listChanges({ servers: now }: CatalogSnapshot, { servers: before }: CatalogSnapshot): string {
  const added = [...now.keys()].filter((name) => !before.has(name))
  const removed = [...before.keys()].filter((name) => !now.has(name))
  const changed = [...now.values()].filter((server) => {
    const old = before.get(server.name)
    return old !== undefined && old.configHash !== server.configHash
  })
  return [
    sayNames('added', added),
    sayNames(
      'changed',
      changed.map(({ name }) => name),
    ),
    sayNames('removed', removed),
  ]
    .filter(Boolean)
    .join('; ')
}

const sayNames = (what: string, names: readonly string[]): string =>
  names.length > 0 ? `${what} ${names.join(', ')}` : ''
