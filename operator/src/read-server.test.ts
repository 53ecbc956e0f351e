// Specs of whatever shape: they are read or set aside with a sentence, and nothing that decides throws.
import { mcpServerSpec } from '@mcphub/api'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findServerFault } from './mcp-server/checks.ts'
import { planServer } from './mcp-server/desired.ts'
import { buildServerStatus } from './mcp-server/status.ts'
import { buildPolicies, policyServerOf } from './policies/build-policies.ts'
import { readServer } from './read-server.ts'
import type { ServerObject } from './resources.ts'
import { asStored, damage, replaceOne } from './testing/damage.ts'
import { POD_SETTINGS, makeServerSpec } from './testing/objects.ts'

const metadata = { namespace: 'n', name: 's', uid: 'u', resourceVersion: '1', generation: 1 }
const counts = { total: 0, running: 0, failed: 0 }
const now = new Date(0)
const server = (spec: object): ServerObject => ({ metadata, spec }) as ServerObject

test('what this version knows is kept as it is, with fields that it does not know', () => {
  const known = server({ ...makeServerSpec(), later: { than: 'this' } })
  expect(readServer(known)).toBe(known)
})

test.each([
  ['a mode of a later version', { egress: { mode: 'Mesh' } }, /spec\.stdio\.egress\.mode: /],
  ['another type', { warmPool: 3 }, /spec\.stdio\.warmPool: /],
  ['nothing', { resources: null }, /spec\.stdio\.resources: /],
])('%s: it runs nothing and says so', (_what, stdio, says) => {
  const spec = makeServerSpec()
  const read = readServer(server({ ...spec, stdio: { ...spec.stdio, ...stdio } }))
  expect(findServerFault(read, POD_SETTINGS)).toMatchObject({ reason: 'Invalid', message: expect.stringMatching(says) })
  expect(planServer(read, POD_SETTINGS).sandboxed).toBeNull()
})

test('OPR-6: a server with any member replaced by anything throws nowhere', () => {
  const whole = makeServerSpec({ env: [{ name: 'A', value: 'b' }], args: ['x'], maxLifetimeSeconds: 60 })
  fc.assert(
    fc.property(damage, ({ path, by }) => {
      const read = readServer(server(asStored(mcpServerSpec, replaceOne(whole, path, by))))
      const plan = planServer(read, POD_SETTINGS)
      const owned = policyServerOf(read)
      if (owned) buildPolicies(owned, POD_SETTINGS)
      const status = buildServerStatus({ server: read, plan, policyFault: null, pool: null, counts, now })
      expect(status.conditions.length).toBeGreaterThan(0)
    }),
    { numRuns: 2000 },
  )
})
