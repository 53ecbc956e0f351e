// Where a server or a UserGroup is declared, for administrators: what they find there, and who would undo a change made elsewhere.
import type { AdminServerResponse } from '@mcphub/api'
import type { CatalogSnapshot } from '../catalog/catalog.ts'

export function presentDeclaration(
  { declarations }: CatalogSnapshot,
  key: string,
): Pick<AdminServerResponse, 'origin' | 'managedBy'> {
  const found = declarations?.get(key)
  return { origin: found?.origin ?? null, managedBy: found?.keeper ?? null }
}
