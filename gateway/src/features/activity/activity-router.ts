// REST: what I did, and (for administrators) what everybody did, newest first.
import type { ActivityQuery, ActivityResponse, AuditResponse } from '@mcphub/api'
import type { Handlers } from '../../platform/route.ts'
import { readUsernames } from '../usernames.ts'
import type { UsersService } from '../users/users-service.ts'
import type { ActivityFilter, ActivityService, StoredAuditRecord } from './activity-service.ts'

export interface ActivityRouterDeps {
  readonly activity: Pick<ActivityService, 'list'>
  readonly users: Pick<UsersService, 'find'>
}

export function createActivityRouter({ activity, users }: ActivityRouterDeps): Handlers<'listActivity' | 'listAudit'> {
  return {
    async listActivity({ principal, query }) {
      // a key for some servers reads what was done with it
      const own = principal.scope.servers === null ? {} : { keyId: principal.keyId }
      const { records, next } = await activity.list({ ...toFilter(query), userId: principal.userId, ...own })
      return { items: records.map(presentRecord), nextCursor: next }
    },
    async listAudit({ query }) {
      const { user, ...rest } = query
      const owner = user === undefined ? {} : { userId: (await users.find(user)).id }
      const { records, next } = await activity.list({ ...toFilter(rest), ...owner })
      const names = await readUsernames(
        users,
        records.map((record) => record.userId),
      )
      return { items: records.map((record) => presentAudit(record, names)), nextCursor: next }
    },
  }
}

function toFilter(query: ActivityQuery): ActivityFilter {
  const { since, until, cursor, ...same } = query
  return {
    ...dropUndefined(same),
    ...(since === undefined ? {} : { from: new Date(since) }),
    ...(until === undefined ? {} : { to: new Date(until) }),
    ...(cursor === undefined ? {} : { after: cursor }),
  }
}

type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> }
const dropUndefined = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>

function presentRecord(record: StoredAuditRecord): ActivityResponse {
  const { id, requestId, keyId, sessionId, kind, action, server, target, outcome, code, durationMs, argumentsHash } =
    record
  const at = new Date(record.at).toISOString()
  return { id, at, requestId, keyId, sessionId, kind, action, server, target, outcome, code, durationMs, argumentsHash }
}

function presentAudit(record: StoredAuditRecord, names: ReadonlyMap<string, string>): AuditResponse {
  const { userId } = record
  return { ...presentRecord(record), userId, username: userId === null ? null : (names.get(userId) ?? null) }
}
