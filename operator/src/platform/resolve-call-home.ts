// The address of the call-home Service, asked once at start: pods are told it, so that one that may reach nothing needs no DNS. It is the
// Service's own and stays as long as the Service does.
import { lookup } from 'node:dns/promises'
import { setTimeout as wait } from 'node:timers/promises'

const TRIES = 10
const RETRY_MS = 1000

export interface ResolveOptions {
  /** for tests */
  readonly resolve?: (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>
  readonly retryMs?: number
}

/** IPv4 before IPv6, so that all replicas say the same; null when nobody knows the name: then pods have to ask for it. */
export async function resolveCallHome(url: string, options: ResolveOptions = {}): Promise<string | null> {
  const { resolve = (host) => lookup(host, { all: true }), retryMs = RETRY_MS } = options
  const { hostname } = new URL(url)
  for (let tried = 1; ; tried++) {
    try {
      const found = await resolve(hostname)
      const first = found.toSorted((a, b) => a.family - b.family || (a.address < b.address ? -1 : 1))[0]
      if (first) return first.address
    } catch {
      // the name may come with the Service, a moment after this program
    }
    if (tried === TRIES) return null
    await wait(retryMs)
  }
}
