// What a pod reaches and what reaches it, asked of the policies by a matcher that knows what Kubernetes says of them: several policies open
// together, a pod that any policy selects is closed but for what they open.
import { LABELS, commonLabels, stdioSpec } from '@mcphub/api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildPolicies, type PolicyServer, type PolicySettings } from './build-policies.ts'
import type { NetworkPolicy, PolicyPeer, PolicyPort } from './network-policy.ts'
import { containsNetwork, parseNetwork } from './networks.ts'

const SETTINGS: PolicySettings = {
  instance: 'hub',
  hubNamespace: 'mcphub',
  namespace: 'mcphub-sandboxes',
  registry: { cidrs: [] },
  callHomeIp: '10.96.0.20',
  blockedCidrs: [],
  dnsCidrs: [],
}
const stdio = (more: object = {}): PolicyServer => ({
  name: 'github',
  uid: 'u-1',
  stdio: stdioSpec.parse({ image: `r/x@sha256:${'0'.repeat(64)}`, command: ['/x'], ...more }),
})
const withPackage = (more: object = {}): PolicyServer =>
  stdio({ image: undefined, command: undefined, package: { npm: { name: 'x', version: '1.0.0' } }, ...more })

interface Place {
  readonly namespace?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly ip: string
}
const GATEWAY: Place = { namespace: 'mcphub', labels: commonLabels('gateway', 'hub'), ip: '10.244.0.5' }
const OWN: Place = {
  namespace: 'mcphub-sandboxes',
  labels: { ...commonLabels('sandbox', 'hub'), [LABELS.server]: 'github' },
  ip: '10.244.0.9',
}
const DNS: Place = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' }, ip: '10.244.0.2' }
const at = (ip: string): Place => ({ ip })

function selects(
  labels: Readonly<Record<string, string>> = {},
  wanted: Readonly<Record<string, string>> = {},
): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value)
}
function isPeer(peer: PolicyPeer, place: Place): boolean {
  if (peer.ipBlock) {
    const bits = place.ip.includes(':') ? 128 : 32
    const single = parseNetwork(`${place.ip}/${bits}`)!
    const holds = (cidr: string): boolean => containsNetwork(parseNetwork(cidr)!, single)
    return holds(peer.ipBlock.cidr) && !(peer.ipBlock.except ?? []).some(holds)
  }
  if (place.namespace === undefined) return false
  const inNamespace = peer.namespaceSelector
    ? selects({ 'kubernetes.io/metadata.name': place.namespace }, peer.namespaceSelector.matchLabels)
    : place.namespace === SETTINGS.namespace
  return inNamespace && selects(place.labels, peer.podSelector?.matchLabels)
}
const onPort = (ports: readonly PolicyPort[] | undefined, port: number, protocol: string): boolean =>
  ports === undefined || ports.some((one) => one.port === port && one.protocol === protocol)

/** Whether this pod of ours may open a connection to there. */
function reaches(policies: readonly NetworkPolicy[], to: Place, port: number, protocol = 'TCP'): boolean {
  const mine = policies.filter(({ spec }) => selects(OWN.labels, spec.podSelector.matchLabels))
  expect(mine.some(({ spec }) => spec.policyTypes.includes('Egress'))).toBe(true)
  return mine.some(({ spec }) =>
    (spec.egress ?? []).some((rule) => onPort(rule.ports, port, protocol) && rule.to.some((peer) => isPeer(peer, to))),
  )
}
function isReached(policies: readonly NetworkPolicy[], from: Place, port: number): boolean {
  const mine = policies.filter(({ spec }) => selects(OWN.labels, spec.podSelector.matchLabels))
  expect(mine.some(({ spec }) => spec.policyTypes.includes('Ingress'))).toBe(true)
  return mine.some(({ spec }) =>
    (spec.ingress ?? []).some((rule) => onPort(rule.ports, port, 'TCP') && rule.from.some((one) => isPeer(one, from))),
  )
}

const MODES = [
  stdio(),
  stdio({ egress: { mode: 'Internet' } }),
  stdio({ egress: { mode: 'Cidrs', cidrs: ['10.0.0.0/8'] } }),
  withPackage(),
]

describe.each(MODES.map((server) => [server.stdio.package ? 'a package' : server.stdio.egress.mode, server] as const))(
  'egress %s',
  (_mode, server) => {
    const policies = buildPolicies(server, { ...SETTINGS, registry: { cidrs: ['172.20.0.0/16'] } })

    test('BOX-4: gateways alone reach the pod, on the port of the shim alone', () => {
      expect(isReached(policies, GATEWAY, 8477)).toBe(true)
      expect(isReached(policies, GATEWAY, 8443)).toBe(false)
      expect(isReached(policies, OWN, 8477)).toBe(false)
      expect(isReached(policies, { ...GATEWAY, namespace: 'other' }, 8477)).toBe(false)
      expect(isReached(policies, { ...GATEWAY, labels: commonLabels('gateway', 'other') }, 8477)).toBe(false)
      expect(isReached(policies, { ...GATEWAY, labels: commonLabels('operator', 'hub') }, 8477)).toBe(false)
      expect(isReached(policies, at('10.244.0.5'), 8477)).toBe(false)
    })

    test('BOX-4: the pod calls home, and reaches no metadata service', () => {
      expect(reaches(policies, GATEWAY, 8443)).toBe(true)
      for (const ip of ['169.254.169.254', '168.63.129.16', 'fd00:ec2::254', 'fe80::1', '64:ff9b::a9fe:a9fe'])
        for (const port of [53, 80, 443]) expect(reaches(policies, at(ip), port)).toBe(false)
    })
  },
)

describe('egress None', () => {
  const policies = buildPolicies(stdio(), SETTINGS)

  test('BOX-4: nothing else is reached: other pods, gateway ports, the resolver, anything outside', () => {
    expect(reaches(policies, GATEWAY, 3000)).toBe(false)
    expect(reaches(policies, GATEWAY, 8444)).toBe(false)
    expect(reaches(policies, OWN, 8477)).toBe(false)
    expect(reaches(policies, DNS, 53, 'UDP')).toBe(false)
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(65_535), (ip, port) => {
        expect(reaches(policies, at(ip), port)).toBe(false)
      }),
    )
  })

  test('the resolver opens where the gateways have a name alone', () => {
    const named = buildPolicies(stdio(), { ...SETTINGS, callHomeIp: null, dnsCidrs: ['169.254.20.10/32'] })
    expect(reaches(named, DNS, 53, 'UDP')).toBe(true)
    expect(reaches(named, DNS, 53)).toBe(true)
    expect(reaches(named, DNS, 8080)).toBe(false)
    expect(reaches(named, at('169.254.20.10'), 53, 'UDP')).toBe(true)
    expect(reaches(named, at('169.254.20.10'), 80)).toBe(false)
    expect(reaches(named, { ...DNS, namespace: 'other' }, 53, 'UDP')).toBe(false)
  })
})

describe('egress Internet', () => {
  const policies = buildPolicies(stdio({ egress: { mode: 'Internet' } }), SETTINGS)
  const PRIVATE = [
    ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
    ...['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4', '168.63.129.16/32', '100.100.100.200/32'],
    ...['::/8', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8', '64:ff9b::/96', '2001::/32', '2002::/16'],
    ...['2001:db8::/32', '3fff::/20', '::1/128', 'fd20:ce::254/128'],
  ]

  test.each(PRIVATE)('BOX-4: no address of %s is reached, on any port', (cidr) => {
    const { family, first, bits } = parseNetwork(cidr)!
    const free = BigInt((family === 4 ? 32 : 128) - bits)
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << free) - 1n }), fc.nat(65_535), (host, port) => {
        expect(reaches(policies, at(textOf(family, first + host)), port)).toBe(false)
      }),
    )
  })

  test('public addresses are', () => {
    for (const ip of ['1.1.1.1', '8.8.8.8', '172.15.0.1', '172.32.0.1', '2606:4700::1111', '100.128.0.1'])
      expect(reaches(policies, at(ip), 443)).toBe(true)
    expect(reaches(policies, DNS, 53, 'UDP')).toBe(true)
    expect(reaches(policies, { ...OWN, ip: '10.244.0.77' }, 8477)).toBe(false)
  })

  test('but for those an administrator closed', () => {
    const closed = buildPolicies(stdio({ egress: { mode: 'Internet' } }), { ...SETTINGS, blockedCidrs: ['8.8.0.0/16'] })
    expect(reaches(closed, at('8.8.8.8'), 443)).toBe(false)
    expect(reaches(closed, at('1.1.1.1'), 443)).toBe(true)
  })
})

describe('egress Cidrs', () => {
  const cidrs = ['10.20.0.0/16', '169.254.169.254/32', '0.0.0.0/1', '::/0']
  const policies = buildPolicies(stdio({ egress: { mode: 'Cidrs', cidrs } }), {
    ...SETTINGS,
    blockedCidrs: ['10.20.30.0/24'],
  })

  test('the networks listed, less those nobody may reach', () => {
    expect(reaches(policies, at('10.20.1.1'), 5432)).toBe(true)
    expect(reaches(policies, at('10.20.30.1'), 5432)).toBe(false)
    expect(reaches(policies, at('200.1.1.1'), 443)).toBe(false)
    expect(reaches(policies, at('100.100.100.200'), 80)).toBe(false)
    expect(reaches(policies, at('2606:4700::1111'), 443)).toBe(true)
    expect(reaches(policies, at('fd00:ec2::254'), 80)).toBe(false)
  })
})

describe('a package', () => {
  test("its pods reach the registry's networks and the resolver", () => {
    const policies = buildPolicies(withPackage(), {
      ...SETTINGS,
      registry: { cidrs: ['172.20.0.0/16', '169.254.1.0/24'] },
    })
    expect(reaches(policies, at('172.20.1.1'), 443)).toBe(true)
    expect(reaches(policies, at('169.254.1.1'), 443)).toBe(false)
    expect(reaches(policies, DNS, 53, 'UDP')).toBe(true)
    expect(reaches(policies, at('1.1.1.1'), 443)).toBe(false)
  })

  test("an image's pods do not", () => {
    const policies = buildPolicies(stdio(), { ...SETTINGS, registry: { cidrs: ['172.20.0.0/16'] } })
    expect(reaches(policies, at('172.20.1.1'), 443)).toBe(false)
  })
})

test('a pod of no server at all reaches nothing', () => {
  const [deny] = buildPolicies(stdio(), SETTINGS)
  expect(deny!.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
})

function textOf(family: 4 | 6, value: bigint): string {
  const count = family === 4 ? 4 : 8
  const size = family === 4 ? 8n : 16n
  const parts = Array.from(
    { length: count },
    (_, index) => (value >> (size * BigInt(count - 1 - index))) & ((1n << size) - 1n),
  )
  return family === 4 ? parts.join('.') : parts.map((part) => part.toString(16)).join(':')
}
