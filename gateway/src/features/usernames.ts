// Names for ids, for lists that administrators read. An erased user has none: the id alone remains.
import { HubError } from '@mcphub/api'
import type { UsersService } from './users/users-service.ts'

const AT_ONCE = 4

export async function readUsernames(
  users: Pick<UsersService, 'find'>,
  ids: Iterable<string | null>,
): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  const wanted = [...new Set([...ids].filter((id) => id !== null))]
  // a few at a time: the pool is for everybody
  while (wanted.length > 0) {
    await Promise.all(wanted.splice(0, AT_ONCE).map(async (id) => putName(users, id, names)))
  }
  return names
}

async function putName(users: Pick<UsersService, 'find'>, id: string, names: Map<string, string>): Promise<void> {
  try {
    names.set(id, (await users.find(id)).username)
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== 'not_found') throw error
  }
}
