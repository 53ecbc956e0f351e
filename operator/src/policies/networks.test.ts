// CIDR arithmetic against what is known of addresses, and closed networks that stay closed whatever is opened around them.
import { BlockList } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ipBlocks } from './ip-blocks.ts'
import { METADATA_NETWORKS, containsNetwork, formatNetwork, parseNetwork } from './networks.ts'

const octet = fc.integer({ min: 0, max: 255 })
const v4 = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'))
const v6 = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
  .map((groups) => new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]/`).hostname.slice(1, -1))
const address = fc.oneof(
  v4.map((text) => ({ text, family: 4 as const })),
  v6.map((text) => ({ text, family: 6 as const })),
)
const network = address.chain(({ text, family }) =>
  fc.integer({ min: 0, max: family === 4 ? 32 : 128 }).map((bits) => `${text}/${bits}`),
)

test.each([
  ['10.1.2.3/8', '10.0.0.0/8'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['255.255.255.255/32', '255.255.255.255/32'],
  ['fd00:ec2::254/64', 'fd00:ec2::/64'],
  ['::/0', '::/0'],
  ['::1/128', '::1/128'],
  ['2001:DB8:0:0:1::/80', '2001:db8:0:0:1::/80'],
])('%s is %s', (given, canonical) => expect(formatNetwork(parseNetwork(given)!)).toBe(canonical))

test.each([
  '',
  '10.0.0.0',
  '10.0.0.0/33',
  '10.0.0/8',
  '256.0.0.0/8',
  '::/129',
  'x/8',
  ':::/8',
  '10.0.0.0/',
  '1.2.3.4/8/8',
  '::ffff:10.0.0.0/104',
  '::ffff:0:0/96',
])('%j is no network', (text) => expect(parseNetwork(text)).toBeNull())

test('a network is read as it is written, and holds what another implementation says it holds', () => {
  fc.assert(
    fc.property(network, address, (cidr, { text, family }) => {
      const parsed = parseNetwork(cidr)!
      expect(parseNetwork(formatNetwork(parsed))).toEqual(parsed)
      const single = parseNetwork(`${text}/${family === 4 ? 32 : 128}`)!
      const known = new BlockList()
      const [base = '', bits] = cidr.split('/')
      known.addSubnet(base, Number(bits), parsed.family === 4 ? 'ipv4' : 'ipv6')
      if (parsed.family === family) {
        expect(containsNetwork(parsed, single)).toBe(known.check(text, family === 4 ? 'ipv4' : 'ipv6'))
      } else expect(containsNetwork(parsed, single)).toBe(false)
    }),
  )
})

describe('ipBlocks', () => {
  test('what lies within a closed network is left out, what holds one excepts it, once', () => {
    expect(ipBlocks(['169.254.169.254/32', '169.254.0.0/16'], METADATA_NETWORKS)).toEqual([])
    expect(ipBlocks(['169.0.0.0/8'], ['169.254.0.0/16', '169.254.169.254/32', '169.254.0.0/16'])).toEqual([
      { ipBlock: { cidr: '169.0.0.0/8', except: ['169.254.0.0/16'] } },
    ])
    expect(ipBlocks(['10.0.0.0/8', 'nonsense'], METADATA_NETWORKS)).toEqual([{ ipBlock: { cidr: '10.0.0.0/8' } }])
  })

  test('no address of a closed network is ever open, every other one of an open network is', () => {
    fc.assert(
      fc.property(
        fc.array(network, { maxLength: 5 }),
        fc.array(network, { maxLength: 5 }),
        address,
        (open, closed, to) => {
          const single = parseNetwork(`${to.text}/${to.family === 4 ? 32 : 128}`)!
          const within = (cidrs: readonly string[]): boolean =>
            cidrs.some((cidr) => containsNetwork(parseNetwork(cidr)!, single))
          const isOpen = ipBlocks(open, closed).some(
            ({ ipBlock }) => within([ipBlock!.cidr]) && !within(ipBlock!.except ?? []),
          )
          expect(isOpen).toBe(within(open) && !within(closed))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('an exception always lies within its block and is smaller, as the API server demands', () => {
    fc.assert(
      fc.property(fc.array(network, { maxLength: 5 }), fc.array(network, { maxLength: 8 }), (open, closed) => {
        for (const { ipBlock } of ipBlocks(open, closed)) {
          const outer = parseNetwork(ipBlock!.cidr)!
          for (const except of ipBlock!.except ?? []) {
            expect(containsNetwork(outer, parseNetwork(except)!)).toBe(true)
            expect(except).not.toBe(ipBlock!.cidr)
          }
        }
      }),
    )
  })
})
