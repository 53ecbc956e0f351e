// Until when a login at a provider holds, and at which provider one logs in again. Pure.
import type { RouteResponse } from '@mcphub/api'

type Account = RouteResponse<'listAccounts'>['items'][number]
export type LoginProvider = Pick<RouteResponse<'getLogin'>['providers'][number], 'id' | 'kind'>

const SOON_MS = 3 * 24 * 60 * 60 * 1000

/** `later`: nothing to tell yet. Without a term no login is ever needed again. */
export function readTerm(loginUntil: string | null, now = Date.now()): 'later' | 'soon' | 'over' {
  const left = loginUntil === null ? Infinity : Date.parse(loginUntil) - now
  if (left <= 0) return 'over'
  return left <= SOON_MS ? 'soon' : 'later'
}

/** The one somebody came by last. Null: none of theirs is there any more. */
export function chooseProvider(accounts: readonly Account[]): LoginProvider | null {
  const [last] = accounts
    .flatMap(({ provider: id, kind, loginAt }) =>
      id === null || kind === null ? [] : [{ id, kind, at: loginAt === null ? 0 : Date.parse(loginAt) }],
    )
    .toSorted((a, b) => b.at - a.at)
  return last ?? null
}
