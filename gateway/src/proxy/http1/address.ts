// What a pool of plain http is told: limits, and where an origin is.
export interface Http1Options {
  readonly connectMs: number
  readonly headerBytes: number
  /** sockets per origin */
  readonly connections: number
  readonly idleMs: number
}

/** An IPv6 address stands in brackets in a URL alone. */
export function addressOf(url: URL): { host: string; port: number } {
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: url.port === '' ? 80 : Number(url.port) }
}
