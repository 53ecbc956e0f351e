// Every question the console may ask a large company's hub: each GET of the route table, the long lists in the several ways people narrow them
// down. Whoever adds a GET adds how it is asked, or why it is not.
import { ROUTE_LIST, type RouteId } from '@mcphub/api'
import { groupName, serverName, type LargeCompany } from './large-company.ts'
import { personName } from './large-company-sql.ts'

export interface Read {
  /** route id, and what it is narrowed by */
  readonly name: string
  readonly path: string
  readonly status: number
}

interface Way {
  readonly by?: string
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  /** default 200 */
  readonly status?: number
}

/** Why a route is not asked here. */
const NOT_ASKED: Partial<Record<RouteId, string>> = {
  streamEvents: 'a stream has no end',
  streamSandboxLogs: 'a stream has no end',
  startGithubLogin: 'leads to another host',
  startOidcLogin: 'leads to another host',
  finishLogin: 'comes from another host',
}

const NOBODY = '01890000-0000-7000-8000-000000000000'
const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString()

function waysOf({ admin }: LargeCompany): Partial<Record<RouteId, readonly Way[]>> {
  const [id, name] = [{ id: admin.id }, { name: serverName(7) }]
  const ofServer = { server: serverName(7) }
  const audit = (by: string, query: Readonly<Record<string, string>>): Way => ({
    by,
    query: { limit: '100', ...query },
  })
  return {
    listUsers: [
      { by: 'a page', query: { limit: '100' } },
      { by: 'part of a name', query: { limit: '100', search: '0123' } },
      { by: 'state and role', query: { limit: '100', state: 'all', role: 'auditor' } },
      { by: 'all at once' },
    ],
    getUser: [{ params: id }],
    listUserKeys: [{ params: id }],
    listUserSessions: [{ params: id }],
    getServerManifest: [{ params: name }],
    getGroupManifest: [{ params: { name: groupName(0) } }],
    listAudit: [
      audit('nothing', {}),
      audit('a person', { user: personName(17) }),
      audit('the busiest person', { user: 'jisoo' }),
      audit('a server', { server: serverName(7) }),
      audit('an action', { action: 'PUT /api/admin/users/:id/role' }),
      audit('changes', { kind: 'admin' }),
      audit('refused', { outcome: 'refused' }),
      audit('a code', { code: 'upstream_error' }),
      audit('the console', { via: 'console' }),
      audit('a request', { requestId: 'r-3-77' }),
      audit('a span', { since: daysAgo(60), until: daysAgo(59) }),
      audit('a person, a server, refused', { user: 'jisoo', server: serverName(0), outcome: 'refused' }),
    ],
    exportAudit: [
      { by: 'a request, as CSV', query: { format: 'csv', requestId: 'r-3-77' } },
      { by: 'a person on a server', query: { format: 'jsonl', user: personName(17), server: serverName(3) } },
    ],
    listToolChanges: [{ by: 'nothing' }, { by: 'a state', query: { state: 'flagged' } }],
    getAllUsage: [
      { by: 'a day by the hour', query: { bucket: 'hour' } },
      { by: 'a quarter by the day, all servers together', query: { bucket: 'day', by: 'time', since: daysAgo(89) } },
      { by: 'a quarter, each server', query: { bucket: 'day', by: 'server', since: daysAgo(89) } },
      {
        by: 'a quarter by the day, of one server',
        query: { ...ofServer, bucket: 'day', by: 'time', since: daysAgo(89) },
      },
    ],
    getUsage: [{ by: 'a month by the day', query: { bucket: 'day' } }],
    listActivity: [
      { by: 'a page', query: { limit: '100' } },
      { by: 'refused', query: { limit: '100', outcome: 'refused' } },
    ],
    listSightings: [{ params: { id: NOBODY }, status: 404 }],
    searchTools: [{ query: { q: 'tool 19 of server', limit: '100' } }],
    explainTool: [{ query: { tool: `${serverName(7)}__tool_3` } }],
    getServer: [{ params: name }],
    getSandboxLogs: [{ params: { id: 'nothing-like-this' }, status: 404 }],
  }
}

/** @throws Error where a route with parameters has no way it is asked */
export function listReads(company: LargeCompany): readonly Read[] {
  const ways = waysOf(company)
  return ROUTE_LIST.filter(({ id, method }) => method === 'GET' && NOT_ASKED[id] === undefined).flatMap(
    ({ id, path }) =>
      (ways[id] ?? [{}]).map(({ by, params = {}, query = {}, status = 200 }: Way) => {
        const filled = path.replace(/:(\w+)/g, (_, name: string) => {
          const value = params[name]
          if (value === undefined) throw new Error(`How is ${id} asked? large-reads.ts does not say`)
          return encodeURIComponent(value)
        })
        const search = new URLSearchParams(query)
        return {
          name: by === undefined ? id : `${id}, by ${by}`,
          path: search.size > 0 ? `${filled}?${search.toString()}` : filled,
          status,
        }
      }),
  )
}
