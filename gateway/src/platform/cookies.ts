// Cookies of the console: read from the one Cookie header, written with every attribute that keeps them to this hub.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HubOrigin } from './hub-origin.ts'
import { readSingleHeader } from './single-header.ts'

export interface SetCookie {
  /** without the `__Host-` it gets where the hub speaks https */
  readonly name: string
  /** null: the browser forgets it */
  readonly value: string | null
  /** null: until the browser closes */
  readonly maxAgeSeconds: number | null
}

export interface Cookies {
  /** Null when absent, and when it stands twice: somebody else may have put one of the two there. */
  get(name: string): string | null
  set(cookie: SetCookie): void
}

/** RFC 6265 cookie-octet. */
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/
/** A browser takes such a cookie only over https, for all paths and without a Domain, so no sibling host can plant one. */
const HOST_PREFIX = '__Host-'

export const cookieName = (name: string, { isSecure }: Pick<HubOrigin, 'isSecure'>): string =>
  isSecure ? `${HOST_PREFIX}${name}` : name

export function openCookies(request: IncomingMessage, response: ServerResponse, origin: HubOrigin): Cookies {
  return {
    get: (name) => readCookie(request, cookieName(name, origin)),
    set: (cookie) => void response.appendHeader('set-cookie', writeCookie(cookie, origin)),
  }
}

function readCookie(request: IncomingMessage, name: string): string | null {
  const header = readSingleHeader(request.rawHeaders, 'cookie')
  if (!header) return null
  const values = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
  return values.length === 1 ? values[0]! : null
}

function writeCookie({ name, value, maxAgeSeconds }: SetCookie, origin: HubOrigin): string {
  if (value !== null && !VALUE.test(value)) throw new TypeError('no value of a cookie')
  return [
    `${cookieName(name, origin)}=${value ?? ''}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Lax',
    ...(origin.isSecure ? ['Secure'] : []),
    ...(value === null ? ['Max-Age=0'] : maxAgeSeconds === null ? [] : [`Max-Age=${maxAgeSeconds}`]),
  ].join('; ')
}
