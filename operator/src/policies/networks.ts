// Networks as policies name them: CIDR texts to numbers and back, which holds which, and the networks that belong to nobody's sandbox. Pure.

export interface Network {
  readonly family: 4 | 6
  /** its first address */
  readonly first: bigint
  /** length of the prefix */
  readonly bits: number
}

const WIDTH = { 4: 32, 6: 128 } as const

/** IPv4 as sockets write it in IPv6: on the wire it is IPv4, and the API server takes it for that, too. */
const MAPPED: Network = { family: 6, first: 0xffff_0000_0000n, bits: 96 }

/** Host bits are dropped: `10.1.2.3/8` is `10.0.0.0/8`. null for what is no network, or one of mapped addresses. */
export function parseNetwork(cidr: string): Network | null {
  const [, address = '', prefix = ''] = /^([^/]+)\/(\d{1,3})$/.exec(cidr) ?? []
  const family = address.includes(':') ? 6 : 4
  const bits = Number(prefix)
  const value = family === 4 ? parseV4(address) : parseV6(address)
  if (prefix === '' || value === null || bits > WIDTH[family]) return null
  const free = BigInt(WIDTH[family] - bits)
  const network: Network = { family, first: (value >> free) << free, bits }
  return containsNetwork(MAPPED, network) ? null : network
}

export function formatNetwork({ family, first, bits }: Network): string {
  const size = family === 4 ? 8n : 16n
  const parts = Array.from({ length: family === 4 ? 4 : 8 }, (_, at) => {
    const part = (first >> (BigInt(WIDTH[family]) - size * BigInt(at + 1))) & ((1n << size) - 1n)
    return part.toString(family === 4 ? 10 : 16)
  })
  if (family === 4) return `${parts.join('.')}/${bits}`
  return `${new URL(`http://[${parts.join(':')}]/`).hostname.slice(1, -1)}/${bits}`
}

/** Whether every address of `inner` is one of `outer`; a network contains itself. */
export function containsNetwork(outer: Network, inner: Network): boolean {
  if (outer.family !== inner.family || outer.bits > inner.bits) return false
  const free = BigInt(WIDTH[outer.family] - outer.bits)
  return inner.first >> free === outer.first >> free
}

function parseV4(text: string): bigint | null {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return null
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n)
}

/** Written out by the URL parser, which knows every short form. */
function parseV6(text: string): bigint | null {
  const host = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1)
  if (host === undefined) return null
  const [head = '', tail] = host.split('::')
  const groups = (part: string | undefined): string[] => (part ? part.split(':') : [])
  const gap = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length
  const all = [...groups(head), ...Array.from({ length: gap }, () => '0'), ...groups(tail)]
  return all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

/** Addresses at which clouds hand out credentials and settings of the node; all of link-local, and those that lie elsewhere. */
export const METADATA_NETWORKS = [
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  'fe80::/10',
  'fd00:ec2::/32',
  'fd20:ce::254/128',
  // IPv4 in the clothes of IPv6: every address above has another name there
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2002::/16',
] as const

/** IPv4 that is not the public internet: private, shared (CGNAT), loopback, link-local, for documents and tests, multicast, reserved. */
const NOT_PUBLIC_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const

/** Within 2000::/3, of which alone public addresses are given out: protocol assignments with Teredo, documents, 6to4. */
const NOT_PUBLIC_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'] as const

export const PUBLIC_NETWORKS = ['0.0.0.0/0', '2000::/3'] as const
export const NOT_PUBLIC_NETWORKS = [...NOT_PUBLIC_V4, ...NOT_PUBLIC_V6, ...METADATA_NETWORKS] as const
