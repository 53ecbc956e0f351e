// Who calls a REST route: a hub key in `Authorization`, or else a console session in its cookie. A key in the URL is refused; beside an
// Authorization header the cookie is not even read.
import type { IncomingMessage } from 'node:http'
import { HubError } from '@mcphub/api'
import type { Identities, Principal } from '../auth/principal.ts'
import type { Cookies } from './cookies.ts'
import { checkCookieCall } from './cross-site.ts'
import type { Progress } from './rest-audit.ts'
import { readSingleHeader } from './single-header.ts'

/** Name of the console's cookie. */
export const SESSION_COOKIE = 'mcphub_session'

export interface CallerContext {
  readonly request: IncomingMessage
  readonly search: URLSearchParams
  readonly cookies: Cookies
  readonly origin: string
  /** false: a session must not travel on this connection */
  readonly mayLogIn: boolean
}

type Authenticators = Pick<Identities, 'authenticate' | 'authenticateSession'>

/** Null on a public route, whoever asks. @throws HubError `unauthenticated`, `origin_forbidden`, `database_unavailable` */
export async function readCaller(
  identities: Authenticators,
  progress: Progress,
  { request, search, cookies, origin, mayLogIn }: CallerContext,
): Promise<Principal | null> {
  const { route } = progress
  const bearer = readBearer(readSingleHeader(request.rawHeaders, 'authorization'))
  const session = bearer === null && mayLogIn ? cookies.get(SESSION_COOKIE) : null
  progress.presentedKey = bearer !== null || session !== null || search.has('key')
  if (search.has('key')) {
    throw new HubError(
      'unauthenticated',
      'Here a key goes only into the header Authorization: Bearer, never into a URL',
    )
  }
  if (route.permission === 'public') return null
  if (session === null) return identities.authenticate({ query: null, bearer })
  checkCookieCall({ request, origin, isStream: route.answer === 'events' || route.answer === 'download' })
  return identities.authenticateSession(session)
}

/** Another scheme, or two credentials, are one too: given on, and refused like any wrong key. */
function readBearer(header: string | null | undefined): string | null {
  if (header === undefined) return null
  if (header === null) return ''
  return /^Bearer +(\S+) *$/i.exec(header)?.[1] ?? ''
}
