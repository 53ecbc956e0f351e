// Whom a call is counted under: nobody chooses that but the proxies there are.
import { describe, expect, test } from 'vitest'
import { createAddressLimits, createClientAddress } from './client-address.ts'
import { createRateLimiter } from './rate-limiter.ts'

const read = (proxies: number, remoteAddress: string | undefined, ...forwarded: string[]): string =>
  createClientAddress(proxies)({
    rawHeaders: ['Host', 'hub', ...forwarded.flatMap((value) => ['X-Forwarded-For', value])],
    socket: { remoteAddress } as never,
  })

describe('whose address it is', () => {
  test.each<[string, number, string | undefined, string[], string]>([
    ['no proxy: the socket’s, whatever is claimed', 0, '192.0.2.1', ['198.51.100.7'], '192.0.2.1'],
    ['an IPv4 in IPv6 is the IPv4', 0, '::ffff:192.0.2.1', [], '192.0.2.1'],
    [
      'one proxy: what it wrote, not what its caller sent along',
      1,
      '10.0.0.1',
      ['1.1.1.1, 198.51.100.7'],
      '198.51.100.7',
    ],
    ['in headers of their own', 1, '10.0.0.1', ['1.1.1.1', '198.51.100.7'], '198.51.100.7'],
    ['two proxies: what the outer one wrote', 2, '10.0.0.1', ['1.1.1.1, 198.51.100.7, 10.0.0.2'], '198.51.100.7'],
    ['fewer than there are proxies: the socket’s', 2, '10.0.0.1', ['198.51.100.7'], '10.0.0.1'],
    ['no header: the socket’s', 1, '10.0.0.1', [], '10.0.0.1'],
    ['no address: the socket’s', 1, '10.0.0.1', ['somebody'], '10.0.0.1'],
    ['with a port', 1, '10.0.0.1', ['198.51.100.7:4711'], '198.51.100.7'],
    ['IPv6 counts by its first half', 1, '10.0.0.1', ['[2001:db8:1:2:a:b:c:d]:443'], '2001:db8:1:2'],
    ['in whatever way it is written', 0, '2001:0db8:0001:2::9', [], '2001:db8:1:2'],
    ['shortened at its front', 0, '::1', [], '0:0:0:0'],
    ['a link’s own, without its interface', 0, 'fe80::1%eth0', [], 'fe80:0:0:0'],
    ['a socket that has gone', 0, undefined, [], 'unknown'],
  ])('%s', (_, proxies, socket, forwarded, expected) => {
    expect(read(proxies, socket, ...forwarded)).toBe(expected)
  })
})

test('one address waits, another goes on; however many there are, names of buckets are few', () => {
  const limiter = createRateLimiter(() => 0)
  const names = new Set<string>()
  const take = createAddressLimits({
    take: (name, perMinute) => {
      names.add(name)
      return limiter.take(name, perMinute)
    },
  })
  const waits = Array.from({ length: 6 }, () => take('login', '192.0.2.1', 5) > 0)
  expect(waits).toEqual([false, false, false, false, false, true])
  expect(take('link', '192.0.2.1', 5)).toBe(0)
  // of many others nearly all go on: a bucket in a thousand is the full one
  const others = Array.from({ length: 500 }, (_, at) => take('login', `198.51.${at >> 8}.${at & 255}`, 5) === 0)
  expect(others.filter(Boolean).length).toBeGreaterThan(480)
  for (let at = 0; at < 20_000; at++) take('login', `2001:db8:${at.toString(16)}:0`, 5)
  expect(names.size).toBeLessThanOrEqual(1025)
})
