// Networks that are open, less those that are not, as the peers of a NetworkPolicy rule. Pure. Closed wins: a network within a closed one is
// left out, a closed one within an open one is excepted. A text that is no network opens nothing.
import type { PolicyPeer } from './network-policy.ts'
import { containsNetwork, formatNetwork, parseNetwork, type Network } from './networks.ts'

export function ipBlocks(open: readonly string[], closed: readonly string[]): PolicyPeer[] {
  const shut = outermost(parseAll(closed))
  return parseAll(open).flatMap((network) => {
    if (shut.some((other) => containsNetwork(other, network))) return []
    const except = shut.filter((other) => containsNetwork(network, other)).map(formatNetwork)
    return [{ ipBlock: { cidr: formatNetwork(network), ...(except.length > 0 ? { except } : {}) } }]
  })
}

const parseAll = (cidrs: readonly string[]): Network[] => cidrs.flatMap((cidr) => parseNetwork(cidr) ?? [])

/** Without those that lie in another, and each once. */
function outermost(networks: readonly Network[]): Network[] {
  return networks.filter(
    (network, at) =>
      !networks.some((other, otherAt) => {
        if (!containsNetwork(other, network)) return false
        return other.bits < network.bits || otherAt < at
      }),
  )
}
