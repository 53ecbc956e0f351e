// My open sessions by the client that holds them, as it calls itself; those used last come first.
import type { RouteResponse } from '@mcphub/api'

export type Session = RouteResponse<'listSessions'>['items'][number]

export interface Client {
  /** null: it does not say */
  readonly name: string | null
  readonly sessions: readonly Session[]
}

const byLastUse = (a: Session, b: Session): number => Date.parse(b.lastSeenAt) - Date.parse(a.lastSeenAt)

export function groupSessions(sessions: readonly Session[]): readonly Client[] {
  const open = sessions.filter(({ endedAt }) => endedAt === null).toSorted(byLastUse)
  return [...Map.groupBy(open, ({ clientName }) => clientName)].map(([name, own]) => ({ name, sessions: own }))
}
