// What the API server keeps of a policy is what was sent, to the letter: only then can "in place" be told by comparing. On the fake always, on
// a real one where MCPHUB_TEST_KUBECONFIG names it (nothing is written there: dry run).
import { stdioSpec } from '@mcphub/api'
import { KubeClient, KubeHttp, fixedCredentials, readKubeconfig, type Credentials } from '@mcphub/kube'
import { FakeApiServer } from '@mcphub/kube/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NETWORK_POLICIES, type PolicyObject } from '../resources.ts'
import { POD_SETTINGS } from '../testing/objects.ts'
import { buildPolicies } from './build-policies.ts'
import { isInPlace } from './policy-ready.ts'

const kubeconfig = process.env['MCPHUB_TEST_KUBECONFIG']

const bits = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most })
const cidr = fc.oneof(
  fc.tuple(fc.ipV4(), bits(32)).map(([address, length]) => `${address}/${length}`),
  fc.tuple(fc.ipV6(), bits(128)).map(([address, length]) => `${address}/${length}`),
)
const egress = fc.oneof(
  fc.constant({ mode: 'None' as const }),
  fc.constant({ mode: 'Internet' as const }),
  fc.array(cidr, { minLength: 1, maxLength: 6 }).map((cidrs) => ({ mode: 'Cidrs' as const, cidrs })),
)

async function checkRoundTrips(credentials: Credentials, runs: number): Promise<void> {
  const http = new KubeHttp({ credentials, userAgent: 'round-trip' })
  const client = new KubeClient(http)
  const options = { fieldManager: 'round-trip', force: true, dryRun: true } as const
  try {
    await fc.assert(
      fc.asyncProperty(
        egress,
        fc.boolean(),
        fc.array(cidr, { maxLength: 3 }),
        async (given, installs, blockedCidrs) => {
          const from = installs
            ? { package: { npm: { name: 'x', version: '1.0.0' } } }
            : { image: `r/x@sha256:${'0'.repeat(64)}`, command: ['/x'] }
          const server = { name: 'github', uid: 'u-1', stdio: stdioSpec.parse({ ...from, egress: given }) }
          const settings = {
            ...POD_SETTINGS,
            namespace: credentials.namespace,
            blockedCidrs,
            dnsCidrs: ['169.254.20.10/32'],
          }
          for (const policy of buildPolicies(server, { ...settings, registry: { cidrs: ['10.9.0.0/16'] } })) {
            const kept = await client.apply<PolicyObject>(NETWORK_POLICIES, { ...policy }, options)
            expect(isInPlace(kept, policy), JSON.stringify([policy.spec, kept.spec])).toBe(true)
          }
        },
      ),
      { numRuns: runs },
    )
  } finally {
    await http.destroy()
  }
}

test('the fake keeps what was sent', async () => {
  const server = await FakeApiServer.start()
  await checkRoundTrips(fixedCredentials(server.url), 50)
  await server.stop()
})

describe.runIf(kubeconfig)('a real API server', () => {
  test('keeps what was sent', async () => checkRoundTrips(await readKubeconfig(kubeconfig!), 200))
})

test('another spec, another owner, no label or one that goes is not in place', () => {
  const [, policy] = buildPolicies({ name: 'a', uid: 'u', stdio: stdioSpec.parse({}) }, POD_SETTINGS)
  const there = { ...policy!, metadata: { ...policy!.metadata, uid: 'p', resourceVersion: '1' } }
  const withMeta = (more: object): PolicyObject => ({ ...there, metadata: { ...there.metadata, ...more } })
  expect(isInPlace(there, policy!)).toBe(true)
  expect(isInPlace(undefined, policy!)).toBe(false)
  expect(isInPlace({ ...there, spec: { ...policy!.spec, egress: [] } }, policy!)).toBe(false)
  expect(isInPlace(withMeta({ labels: {} }), policy!)).toBe(false)
  expect(isInPlace(withMeta({ ownerReferences: [] }), policy!)).toBe(false)
  expect(isInPlace(withMeta({ deletionTimestamp: '2026-01-01T00:00:00Z' }), policy!)).toBe(false)
})
