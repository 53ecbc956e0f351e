// Names for ids, for lists that administrators read. An erased user has none: the id alone remains.
import { HubError } from '@mcphub/api'
import type { UsersService } from './users/users-service.ts'

export async function readUsernames(
  users: Pick<UsersService, 'find'>,
  ids: Iterable<string | null>,
): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  const wanted = new Set([...ids].filter((id) => id !== null))
  for (const id of wanted) {
    try {
      names.set(id, (await users.find(id)).username)
    } catch (error) {
      if (!(error instanceof HubError) || error.code !== 'not_found') throw error
    }
  }
  return names
}
