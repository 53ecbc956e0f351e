// `fetch` to one address under the hub's own name: requests must name a host the hub knows, and this machine's resolver is not the cluster's.
import { Agent, fetch as fetchThrough } from 'undici'

const known = new Map<string, typeof fetch>()

/** @param address an IPv4 address that every host name stands for, with a port or the URL's own; null: as the names say */
export function fetchAt(address: string | null): typeof fetch {
  if (address === null) return fetch
  const found = known.get(address)
  if (found) return found
  const [host = '', port = ''] = address.split(':')
  const dispatcher = new Agent({
    // a stream stays open as long as its reader wants
    bodyTimeout: 0,
    connect: { lookup: (_host, _options, give) => give(null, [{ address: host, family: 4 }]) },
  })
  const made = ((named: string | URL, init?: object) => {
    const url = new URL(named)
    if (port) url.port = port
    return fetchThrough(url, { ...init, dispatcher })
  }) as typeof fetch
  known.set(address, made)
  return made
}
