// REST: calls, errors and times by hour or day, of oneself or (for administrators and auditors) of all; and what went wrong, grouped.
import type { UsageResponse } from '@mcphub/api'
import type { Handlers } from '../../platform/route.ts'
import type { UsersService } from '../users/users-service.ts'
import type { Usage, UsageService } from './usage-service.ts'

export interface UsageRouterDeps {
  readonly usage: Pick<UsageService, 'read' | 'listErrors'>
  readonly users: Pick<UsersService, 'find'>
}

export function createUsageRouter({
  usage,
  users,
}: UsageRouterDeps): Handlers<'getUsage' | 'getAllUsage' | 'listErrors'> {
  return {
    async getUsage({ principal, query }) {
      return present(await usage.read(principal.userId, query), query.bucket)
    },
    async getAllUsage({ query }) {
      const { user, ...span } = query
      const userId = user === undefined ? null : (await users.find(user)).id
      return present(await usage.read(userId, span), query.bucket)
    },
    async listErrors({ principal, query }) {
      // a key for some servers reads what went wrong with it
      const keyId = principal.scope.servers === null ? null : principal.keyId
      const groups = await usage.listErrors(principal.userId, keyId, query.since)
      return {
        items: groups.map(({ lastAt, requestIds, ...group }) => ({
          ...group,
          lastAt: lastAt.toISOString(),
          requestIds: [...requestIds],
        })),
      }
    },
  }
}

function present({ from, to, buckets }: Usage, bucket: 'hour' | 'day'): UsageResponse {
  return {
    since: from.toISOString(),
    until: to.toISOString(),
    bucket,
    buckets: buckets.map(({ at, durationMs, ...counts }) => ({
      ...counts,
      at: at.toISOString(),
      meanMs: counts.calls === 0 ? null : Math.round((durationMs / counts.calls) * 10) / 10,
    })),
  }
}
