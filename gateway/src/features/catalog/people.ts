// Everybody who may use the hub, for what a change of the catalogue means to them.
import type { Person } from '../../access/entitlement.ts'
import type { UsersService } from '../users/users-service.ts'

export interface KnownPerson extends Person {
  readonly id: string
}

const PAGE = 10_000

/** `claimsOf`: those in force, of all people at once. */
export async function listPeople(
  users: Pick<UsersService, 'list'>,
  claimsOf: (userId: string) => Person['claims'],
): Promise<readonly KnownPerson[]> {
  const people: KnownPerson[] = []
  for (let after: string | null = null; ;) {
    const page = await users.list({ state: 'active', limit: PAGE, ...(after === null ? {} : { after }) })
    for (const { id, username } of page.users) people.push({ id, username, claims: claimsOf(id) })
    after = page.next
    if (after === null) return people
  }
}
