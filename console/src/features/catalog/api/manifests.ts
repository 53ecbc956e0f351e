// The routes of manifests, for either kind: a server and a UserGroup are read, saved and removed alike.
import type { RouteResponse } from '@mcphub/api'
import { useQueryClient } from '@tanstack/react-query'
import { queryOf, useChange } from '../../../lib/api/query.ts'
import type { Kind } from '../components/kind.ts'

export type Manifest = RouteResponse<'getServerManifest'>

export const manifestQuery = (kind: Kind, name: string) =>
  kind === 'McpServer'
    ? queryOf('getServerManifest', { params: { name } })
    : queryOf('getGroupManifest', { params: { name } })

/** What is saved is what is read from then on. */
export function useSaveManifest(kind: Kind, onSaved: (saved: Manifest) => void) {
  const client = useQueryClient()
  const onDone = (saved: Manifest): void => {
    client.setQueryData(manifestQuery(kind, saved.name).queryKey, saved)
    onSaved(saved)
  }
  const server = useChange('putServerManifest', { renews: ['catalog', 'servers'], onDone })
  const group = useChange('putGroupManifest', { renews: ['catalog', 'servers'], onDone })
  return kind === 'McpServer' ? server : group
}

export function useRemoveManifest(kind: Kind, name: string, onRemoved: () => void) {
  const client = useQueryClient()
  const onDone = (): void => {
    onRemoved()
    client.removeQueries({ queryKey: manifestQuery(kind, name).queryKey })
  }
  const server = useChange('deleteServerManifest', { renews: ['catalog', 'servers'], onDone })
  const group = useChange('deleteGroupManifest', { renews: ['catalog', 'servers'], onDone })
  return kind === 'McpServer' ? server : group
}
