// REST: what I did, and (for administrators) what everybody did, newest first.
import type { ActivityQuery, ActivityResponse, AuditResponse } from '@mcphub/api'
import type { Handlers } from '../../platform/route.ts'
import type { UsersService } from '../users/users-service.ts'
import { EXPORT_TYPES, exportAudit } from './export-audit.ts'
import type { ActivityFilter, ActivityService, StoredAuditRecord } from './activity-service.ts'

export interface ActivityRouterDeps {
  readonly activity: Pick<ActivityService, 'list'>
  readonly users: Pick<UsersService, 'find' | 'names'>
}

export function createActivityRouter({
  activity,
  users,
}: ActivityRouterDeps): Handlers<'listActivity' | 'listAudit' | 'exportAudit'> {
  const ownerOf = async (user: string | undefined) =>
    user === undefined ? {} : { userId: (await users.find(user)).id }
  return {
    async listActivity({ principal, query }) {
      // a key for some servers reads what was done with it
      const own = principal.scope.servers === null ? {} : { keyId: principal.keyId }
      const { records, next } = await activity.list({ ...toFilter(query), userId: principal.userId, ...own })
      return { items: records.map(presentRecord), nextCursor: next }
    },
    async listAudit({ query }) {
      const { user, ...rest } = query
      const { records, next } = await activity.list({ ...toFilter(rest), ...(await ownerOf(user)) })
      const names = await users.names(records.flatMap(namedIn))
      return { items: records.map((record) => presentAudit(record, names)), nextCursor: next }
    },
    async exportAudit({ query, signal }) {
      const { user, format, ...rest } = query
      const filter = { ...toFilter(rest), ...(await ownerOf(user)) }
      const names = new Map<string, string>()
      const present = async (records: readonly StoredAuditRecord[]) => {
        const unknown = records.flatMap(namedIn).filter((id) => !names.has(id))
        for (const [id, name] of await users.names(unknown)) names.set(id, name)
        return records.map((record) => presentAudit(record, names))
      }
      const day = new Date().toISOString().slice(0, 10)
      return {
        type: EXPORT_TYPES[format],
        fileName: `mcphub-audit-${day}.${format}`,
        chunks: exportAudit({ activity, present, signal }, filter, format),
      }
    },
  }
}

function toFilter(query: Omit<ActivityQuery, 'limit'> & { readonly limit?: number }): ActivityFilter {
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
  const { at, userId: _who, detail: _what, ...shown } = record
  return { ...shown, at: new Date(at).toISOString() }
}

const IDS = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g

/** Whoever did it, and what may be people of what it was done to. */
const namedIn = ({ userId, target }: StoredAuditRecord): readonly string[] => [
  ...(userId === null ? [] : [userId]),
  ...(target?.match(IDS) ?? []),
]

function presentAudit(record: StoredAuditRecord, names: ReadonlyMap<string, string>): AuditResponse {
  const { userId, target, detail } = record
  return {
    ...presentRecord(record),
    ...{ detail, userId, username: userId === null ? null : (names.get(userId) ?? null) },
    targetShown: target?.replace(IDS, (id) => names.get(id) ?? id) ?? null,
  }
}
