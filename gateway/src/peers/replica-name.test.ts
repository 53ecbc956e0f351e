import { SocketAddress } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressOf, isSameAddress, makeReplicaName } from './replica-name.ts'

const ipv4 = fc.ipV4()
const ipv6 = fc.ipV6().filter((text) => !text.includes('.'))

test('a name leads back to its address, and no two lives have one name', () => {
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), (address) => {
      const name = makeReplicaName(address)
      const family = address.includes(':') ? 'ipv6' : 'ipv4'
      expect(addressOf(name)).toBe(new SocketAddress({ family, address }).address)
      expect(isSameAddress(addressOf(name)!, address)).toBe(true)
      expect(makeReplicaName(address)).not.toBe(name)
    }),
  )
})

test.each(['', 'replica-a', '7f000001', '7f00000-AAAAAAAAAAAA', '7f000001-AAAAAAAAAAA', '7f000001-AAAAAAAA/AAA'])(
  'no name of a replica: %j',
  (name) => expect(addressOf(name)).toBeNull(),
)
