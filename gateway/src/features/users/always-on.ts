// Whose sandboxes are to run before anybody calls: the active people of groups with `startup: Always`, and the servers they get a pod of their
// own for. Names are looked up now and then, and after a change; the rest is read from the catalogue as it is.
import { type Person, groupHas, groupsThatGive, isMember } from '../../access/entitlement.ts'
import type { Catalog, CatalogGroup, CatalogServer } from '../../catalog/catalog.ts'
import type { UsersService } from './users-service.ts'

export interface AlwaysOnSandbox {
  readonly userId: string
  readonly username: string
  readonly server: CatalogServer
  readonly groups: readonly CatalogGroup[]
}

export interface AlwaysOnDeps {
  readonly catalog: Pick<Catalog, 'snapshot' | 'subscribe'>
  readonly users: Pick<UsersService, 'list' | 'onUserChange'>
  /** those in force */
  readonly claimsOf: (userId: string) => Person['claims']
  readonly onFault: (step: string, error: unknown) => void
  readonly refreshMs?: number
}

export interface AlwaysOn {
  list(): Iterable<AlwaysOnSandbox>
  start(): Promise<void>
  stop(): void
}

const REFRESH_MS = 60_000
const PAGE = 1000

export function createAlwaysOn(deps: AlwaysOnDeps): AlwaysOn {
  const { catalog, users, claimsOf, onFault, refreshMs = REFRESH_MS } = deps
  let ids: ReadonlyMap<string, string> = new Map()
  const stops: (() => void)[] = []

  const groupsOn = (): CatalogGroup[] =>
    [...catalog.snapshot().groups.values()].filter(
      ({ spec: { active, sandboxes, members } }) =>
        active && sandboxes.startup === 'Always' && members.users.length + members.claims.length > 0,
    )

  async function refresh(): Promise<void> {
    if (groupsOn().length === 0) return
    try {
      const found = new Map<string, string>()
      for (let after: string | null | undefined; after !== null;) {
        const page = await users.list({ state: 'active', limit: PAGE, ...(after === undefined ? {} : { after }) })
        for (const { id, username } of page.users) found.set(username, id)
        after = page.next
      }
      ids = found
    } catch (error) {
      onFault('people whose sandboxes always run', error)
    }
  }

  return {
    *list() {
      const snapshot = catalog.snapshot()
      const servers = [...snapshot.servers.values()].filter(
        ({ spec, isolation }) => spec.enabled && spec.type === 'Stdio' && isolation.mode === 'PerUser',
      )
      const wanted = groupsOn()
      const named = new Set(wanted.flatMap(({ spec }) => spec.members.users))
      for (const [username, userId] of wanted.length === 0 ? [] : ids) {
        const person = { username, claims: claimsOf(userId) }
        if (!named.has(username) && person.claims.length === 0) continue
        const own = wanted.filter((group) => isMember(person, group))
        for (const server of servers.filter((one) => own.some((group) => groupHas(group, one)))) {
          yield { userId, username, server, groups: groupsThatGive(person, server, snapshot) }
        }
      }
    },
    async start() {
      const timer = setInterval(() => void refresh(), refreshMs).unref()
      stops.push(
        () => clearInterval(timer),
        catalog.subscribe(() => void refresh()),
        users.onUserChange(() => void refresh()),
      )
      await refresh()
    },
    stop() {
      for (const stop of stops.splice(0)) stop()
    },
  }
}
