// The address of a hub: what may be one, and when two are the same. Pure.
import { usageFault } from './fault.ts'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

export const isLoopback = (url: URL): boolean => LOOPBACK.test(url.hostname)

/** @throws CliFault without the text itself: it may hold a key */
export function parseHubUrl(text: string): URL {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw usageFault('The URL of the hub is not an http(s) address.', 'Give one such as https://mcphub.example.com')
  }
  if (url.username || url.password) throw usageFault('Put no credentials into the URL of the hub.', 'Use mcphub login.')
  url.search = ''
  url.hash = ''
  url.pathname = url.pathname.replace(/\/+$/, '').replace(/\/mcp$/, '')
  return url
}

/** A path of the API or endpoint below the hub's own address. */
export function hubPath(base: URL, path: string): URL {
  return new URL(base.pathname.replace(/\/$/, '') + path, base)
}

export function showUrl(url: URL): string {
  return url.href.replace(/\/$/, '')
}

/** `localhost` may mean 127.0.0.1 or ::1; the hub listens on both. */
export function isSameHub(a: URL, b: URL): boolean {
  const host = (url: URL): string => (isLoopback(url) ? `loopback:${url.port}` : url.host)
  return a.protocol === b.protocol && host(a) === host(b) && a.pathname === b.pathname
}
