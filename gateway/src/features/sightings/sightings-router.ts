// REST: whoever connects an editor asks for a key of theirs to be watched, and hears what came of it.
import type { SightingListResponse } from '@mcphub/api'
import type { Access } from '../../access/access.ts'
import type { Principal } from '../../auth/principal.ts'
import type { Handlers } from '../../platform/route.ts'
import type { KeysService } from '../keys/keys-service.ts'
import type { KnownDiscoveries } from '../known-tools.ts'
import { listVisibleTools } from '../visible-tools.ts'
import type { SightingsService } from './sightings-service.ts'

export interface SightingsRouterDeps {
  readonly sightings: Pick<SightingsService, 'watch' | 'list'>
  readonly keys: Pick<KeysService, 'list'>
  readonly access: Pick<Access, 'view'>
  readonly discoveries: Pick<KnownDiscoveries, 'find'>
}

export function createSightingsRouter(deps: SightingsRouterDeps): Handlers<'watchKey' | 'listSightings'> {
  const { sightings } = deps
  return {
    async watchKey({ principal, params }) {
      const until = await sightings.watch(principal.userId, params.id)
      return { watchedUntil: until.toISOString() }
    },
    async listSightings({ principal, params }) {
      const { items, watchedUntil } = await sightings.list(principal.userId, params.id)
      return {
        items: items.map(({ at, kind, client, params: facts }) => ({
          at: at.toISOString(),
          kind,
          client,
          params: facts,
        })),
        watchedUntil: watchedUntil?.toISOString() ?? null,
        toolCount: await countTools(deps, principal, params.id),
      } satisfies SightingListResponse
    },
  }
}

/** As a client with this key is shown them, by what is known of the servers. */
async function countTools(deps: SightingsRouterDeps, person: Principal, keyId: string): Promise<number> {
  const key = (await deps.keys.list(person.userId, { liveOnly: true })).find(({ id }) => id === keyId)
  if (key === undefined) return 0
  const principal: Principal = { ...person, via: 'key', keyId, scope: key.scope }
  const view = await deps.access.view(principal, { kind: 'all' })
  return listVisibleTools(deps.discoveries, principal, view?.grants.values() ?? []).length
}
