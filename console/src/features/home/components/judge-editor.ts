// Whether an editor of mine is connected, from my open sessions and my keys. A session that nobody closed is no editor that runs: it must have called lately.
import type { RouteResponse } from '@mcphub/api'

type Session = Pick<RouteResponse<'listSessions'>['items'][number], 'clientName' | 'lastSeenAt' | 'endedAt'>
type Key = Pick<RouteResponse<'listKeys'>['items'][number], 'lastUsedAt' | 'expiresAt'>

/** `names`: of clients as they call themselves, the one used last first; `lastAt`: of any call. */
export type EditorState =
  | { readonly kind: 'connected'; readonly names: readonly string[]; readonly lastAt: string }
  | { readonly kind: 'away'; readonly lastAt: string }
  | { readonly kind: 'unused' }
  | { readonly kind: 'none' }

/** an editor that is used calls more often than this, in milliseconds */
const QUIET_MS = 15 * 60_000

export function judgeEditor(sessions: readonly Session[], keys: readonly Key[], now: number): EditorState {
  const open = sessions
    .filter(({ endedAt, lastSeenAt }) => endedAt === null && now - Date.parse(lastSeenAt) < QUIET_MS)
    .toSorted((a, b) => Date.parse(b.lastSeenAt) - Date.parse(a.lastSeenAt))
  if (open.length > 0) {
    const names = new Set(open.flatMap(({ clientName }) => clientName ?? []))
    return { kind: 'connected', names: [...names], lastAt: open[0]!.lastSeenAt }
  }
  const living = keys.filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > now)
  if (living.length === 0) return { kind: 'none' }
  const lastAt = latest(living.flatMap(({ lastUsedAt }) => lastUsedAt ?? []))
  return lastAt === null ? { kind: 'unused' } : { kind: 'away', lastAt }
}

const latest = (times: readonly string[]): string | null =>
  times.toSorted((a, b) => Date.parse(b) - Date.parse(a))[0] ?? null
