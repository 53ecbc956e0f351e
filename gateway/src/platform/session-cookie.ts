// The cookie of a console session: one browser, one token, gone with the session. Whoever begins a session sets it here.
import type { CreatedSession, Visitor } from '../auth/console-sessions.ts'
import { SESSION_COOKIE } from './route-caller.ts'
import type { Door } from './route.ts'

/** Who is at the door with no more than a browser. */
export const visitorOf = ({ browser, cookies, mayLogIn }: Door): Visitor => ({
  browser,
  presented: mayLogIn ? cookies.get(SESSION_COOKIE) : null,
})

/** The browser has the session from this answer on, and the audit record says whose it is. */
export function setSessionCookie(door: Door, { session, token }: CreatedSession): void {
  const maxAgeSeconds = Math.floor((session.expiresAt.getTime() - Date.now()) / 1000)
  door.cookies.set({ name: SESSION_COOKIE, value: token.reveal(), maxAgeSeconds })
  door.enter({ userId: session.userId, keyId: session.id })
}

export function clearSessionCookie(door: Door): void {
  door.cookies.set({ name: SESSION_COOKIE, value: null, maxAgeSeconds: null })
}
