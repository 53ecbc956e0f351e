// The hub's own origin, as the browser of this request must see it: for links, cookies and the comparison with Origin. It comes from the
// configuration, or from a Host that is a loopback address; no other Host and no X-Forwarded header is ever believed (CON-4).
import type { IncomingMessage } from 'node:http'
import { readSingleHeader } from './single-header.ts'

export interface HubOrigin {
  /** scheme, host and port as a browser writes them, such as `https://hub.example.com` */
  readonly origin: string
  /** https: cookies are `__Host-` and Secure */
  readonly isSecure: boolean
  /** whether a password may travel: over https, or to this very machine */
  readonly mayLogIn: boolean
}

export type ReadHubOrigin = (request: IncomingMessage) => HubOrigin

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/

/** `publicUrl`: where people reach the hub; null where that is loopback alone. */
export function createHubOrigin(publicUrl: string | null): ReadHubOrigin {
  const url = publicUrl === null ? null : new URL(publicUrl)
  const configured = url === null ? null : describe(url)
  return (request) => {
    const host = (readSingleHeader(request.rawHeaders, 'host') ?? '').toLowerCase()
    if (configured !== null && host === url!.host) return configured
    // a port-forward, also to a hub that has a public name
    if (LOOPBACK.test(host)) return describe(new URL(`http://${host}`))
    return configured ?? { origin: 'http://localhost', isSecure: false, mayLogIn: false }
  }
}

function describe(url: URL): HubOrigin {
  const isSecure = url.protocol === 'https:'
  return { origin: url.origin, isSecure, mayLogIn: isSecure || LOOPBACK.test(url.host) }
}
