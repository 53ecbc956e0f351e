// A replica's name: its address in hex and something random. Whoever holds one can dial the replica without any table, and the random part
// tells this life of it from an earlier one at the same address. Pure.
import { randomBytes } from 'node:crypto'
import { BlockList, SocketAddress, isIP } from 'node:net'

const NAME = /^([0-9a-f]{8}|[0-9a-f]{32})-[\w-]{12}$/

/** `address`: IPv4 or IPv6. */
export function makeReplicaName(address: string): string {
  return `${toHex(address)}-${randomBytes(9).toString('base64url')}`
}

/** null: it is no name of a replica. */
export function addressOf(name: string): string | null {
  const hex = NAME.exec(name)?.[1]
  if (hex === undefined) return null
  if (hex.length === 8) return [...Buffer.from(hex, 'hex')].join('.')
  return new SocketAddress({ family: 'ipv6', address: hex.match(/.{4}/g)!.join(':') }).address
}

function toHex(address: string): string {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number)).toString('hex')
  const [head = '', tail] = address.toLowerCase().split('::')
  const left = head.split(':').filter(Boolean)
  const right = (tail ?? '').split(':').filter(Boolean)
  const middle = Array<string>(tail === undefined ? 0 : 8 - left.length - right.length).fill('0')
  return [...left, ...middle, ...right].map((group) => group.padStart(4, '0')).join('')
}

/** However they are written. */
export function isSameAddress(one: string, other: string): boolean {
  const list = new BlockList()
  list.addAddress(one, familyOf(one))
  return list.check(other, familyOf(other))
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')
