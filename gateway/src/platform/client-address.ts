// From which address a call comes, for counting alone: never who somebody is. What proxies in front say is believed as far as there are proxies:
// with none, an X-Forwarded-For is what its sender made up (CON-4).
import { createHmac, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIPv4, isIPv6 } from 'node:net'
import type { RateLimiter } from './rate-limiter.ts'

export type ReadClientAddress = (request: Pick<IncomingMessage, 'rawHeaders' | 'socket'>) => string

/** `proxies`: how many stand in front, each of which adds to X-Forwarded-For whom it was called by. */
export function createClientAddress(proxies: number): ReadClientAddress {
  return ({ rawHeaders, socket }) => {
    const direct = toNetwork(socket.remoteAddress ?? '') ?? 'unknown'
    if (proxies === 0) return direct
    // the last one is what the nearest proxy wrote; what lies before the outermost one's, anybody may have written
    return toNetwork(forwarded(rawHeaders).at(-proxies) ?? '') ?? direct
  }
}

function forwarded(rawHeaders: readonly string[]): string[] {
  const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]!.toLowerCase() === 'x-forwarded-for')
  return values.flatMap((value) => value.split(','))
}

/** One household or one machine: an IPv4 address, or the first half of an IPv6 one, which one person has whole. Null for anything else. */
function toNetwork(text: string): string | null {
  const address = text
    .trim()
    .replace(/^\[(.+)\](:\d+)?$/, '$1')
    .replace(/^(\d+(\.\d+){3}):\d+$/, '$1')
    .replace(/%.*$/, '')
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1] ?? address
  if (isIPv4(mapped)) return mapped
  if (!isIPv6(mapped)) return null
  const [head = '', tail] = mapped.toLowerCase().split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const [first, last] = [groups(head), groups(tail ?? '')]
  const between = tail === undefined ? 0 : 8 - first.length - last.length
  const all = [...first, ...Array.from({ length: Math.max(0, between) }, () => '0'), ...last]
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}

/** Seconds to wait, 0 when it may go on: of one address, in memory that does not grow with their number. */
export type TakeFrom = (door: string, address: string, perMinute: number) => number

const BUCKETS = 1024

/** Which addresses share a bucket nobody outside knows: whoever has many cannot choose whom to stand in the way of. */
export function createAddressLimits(limiter: Pick<RateLimiter, 'take'>): TakeFrom {
  const secret = randomBytes(32)
  return (door, address, perMinute) => {
    const bucket = createHmac('sha256', secret).update(address).digest().readUInt32BE() % BUCKETS
    return limiter.take(`${door}@${bucket}`, perMinute)
  }
}
