// Who came by a provider must come by it again after a while: an editor's key never logs in by itself, and whoever has left must not keep what
// they had. Until then lists stay and all else is refused, with the address where one logs in.
import { HubError } from './errors.ts'

/** `Date.now()` from which on a new login is needed; null: never. */
export interface LoginTerm {
  readonly loginUntil: number | null
}

export const needsLogin = ({ loginUntil }: LoginTerm, now = Date.now()): boolean =>
  loginUntil !== null && loginUntil <= now

/** What a person reads in their editor. */
export const describeLogin = (loginUrl: string): string => `The last login is too long ago. Log in again at ${loginUrl}`

/** @throws HubError `login_required` */
export function checkLogin(term: LoginTerm, loginUrl: string): void {
  if (needsLogin(term)) throw new HubError('login_required', describeLogin(loginUrl), { data: { loginUrl } })
}
