// Whether a call with a cookie came from a page of this hub. A browser sends a cookie along whoever asks, also a page of another port of the
// same host (cookies know no ports): so the Origin is compared to the letter, and a header no form can set must be there (CON-1).
import type { IncomingMessage } from 'node:http'
import { HubError, because } from '@mcphub/api'

export const CONSOLE_HEADER = 'x-mcphub-console'

export interface CookieCall {
  readonly request: IncomingMessage
  /** the hub's own (hub-origin.ts) */
  readonly origin: string
  /** what is answered: only a page of the hub may read a stream or fetch a file */
  readonly isStream: boolean
}

/** Of a call by cookie. @throws HubError `origin_forbidden` */
export function checkCookieCall({ request, origin, isStream }: CookieCall): void {
  if (request.method === 'GET' || request.method === 'HEAD') return checkReading(request, isStream)
  checkOwnPage(request, origin)
  if (request.headers[CONSOLE_HEADER] !== '1') throw refuse(`Send the header ${CONSOLE_HEADER}: 1`)
}

/** Of a call that would begin a session: else a foreign page could log its visitor in as somebody else. @throws HubError `origin_forbidden` */
export function checkOwnPage(request: IncomingMessage, own: string): void {
  const { origin } = request.headers
  const isOwn = origin === undefined ? request.headers['sec-fetch-site'] === 'same-origin' : origin === own
  if (!isOwn) throw refuse('This may be sent only by a page of this hub')
}

function checkReading(request: IncomingMessage, isStream: boolean): void {
  const site = request.headers['sec-fetch-site']
  if (isStream && site !== 'same-origin') throw refuse('This may be read only by a page of this hub')
  const isForeign = site === 'cross-site' || site === 'same-site'
  if (isForeign && request.headers['sec-fetch-mode'] !== 'navigate')
    throw refuse('A page of another site may not read this')
}

const refuse = (text: string): HubError => new HubError('origin_forbidden', text, because('foreignPage'))
