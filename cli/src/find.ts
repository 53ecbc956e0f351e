// From the names people use to the ids the API takes. An ambiguous or unknown name is said, never guessed.
import type { GroupResponse, KeyResponse, ServerDetailResponse, UserResponse } from '@mcphub/api'
import type { Client } from './client.ts'
import { CliFault, notFound, usageFault } from './fault.ts'

export async function findUser(
  client: Client,
  username: string,
  deleted: 'exclude' | 'include' | 'only' = 'exclude',
): Promise<UserResponse> {
  const { items } = await client.call('listUsers', { query: { username, deleted } })
  const wanted = username.normalize('NFC').toLowerCase()
  const user = items.find((item) => item.username === wanted)
  if (user) return user
  const kind = deleted === 'only' ? 'deleted user' : 'user'
  throw notFound(`There is no ${kind} of that name.`, 'See: mcphub users list --deleted')
}

export async function listKeysOf(client: Client, username: string | undefined): Promise<readonly KeyResponse[]> {
  if (username === undefined) return (await client.call('listKeys')).items
  const { id } = await findUser(client, username)
  return (await client.call('listUserKeys', { params: { id } })).items
}

/** By id, by name, or by the last digits its preview shows. */
export function findKey(keys: readonly KeyResponse[], wanted: string): KeyResponse {
  const byId = keys.find(({ id }) => id === wanted)
  if (byId) return byId
  const named = keys.filter(
    ({ name, preview }) => name === wanted || preview === wanted || preview.endsWith(`…${wanted}`),
  )
  if (named.length === 1) return named[0]!
  if (named.length === 0) throw notFound('There is no such key.', 'See: mcphub keys list')
  throw usageFault('Several keys have that name.', `Name it by id: ${named.map(({ id }) => id).join(', ')}`)
}

export async function findGroup(client: Client, wanted: string): Promise<GroupResponse> {
  const { items } = await client.call('listGroups')
  const name = wanted.normalize('NFC')
  const group = items.find((item) => item.id === wanted) ?? items.find((item) => item.name === name)
  if (group) return group
  throw notFound('You have no group of that name.', 'See: mcphub groups list')
}

export async function findServer(client: Client, name: string): Promise<ServerDetailResponse> {
  try {
    return await client.call('getServer', { params: { name } })
  } catch (error) {
    if (!(error instanceof CliFault) || error.facts.code !== 'not_found') throw error
    throw notFound('There is no server of that name that you may use.', 'See: mcphub servers list')
  }
}
