import { mcpServerSpec } from '@mcphub/api'
import { describe, expect, test } from 'vitest'
import { deriveServer } from '../../catalog/derive.ts'
import { type ServerFacts, decideStatus, presentServer } from './server-status.ts'

const spec = (over: object = {}) =>
  mcpServerSpec.parse({
    type: 'Stdio',
    stdio: { package: { npm: { name: 'files', version: '1.0.0' } }, env: [{ name: 'T', value: '${USER_TOKEN}' }] },
    ...over,
  })
const server = (over: object = {}) => deriveServer({ name: 'files', labels: {}, spec: spec(over) })
const ready = { state: 'Ready', command: [], folder: '/x' } as const
const facts = (over: Partial<ServerFacts> = {}): ServerFacts => {
  return { server: server(), package: ready, missing: [], toolCount: 4, fault: null, ...over }
}

describe('the status of a server', () => {
  const absent = { state: 'Absent' } as const
  const failed = { state: 'Failed', message: 'no such version', retryAt: null } as const
  const image = server({ stdio: { image: 'x@sha256:1' } })
  test.each<[string, Partial<ServerFacts>, string]>([
    ['Ready', {}, 'Ready'],
    ['Disabled', { server: server({ enabled: false }), package: failed, missing: ['USER_TOKEN'] }, 'enabled: false'],
    ['Failed', { server: image, package: null }, 'only packages run'],
    ['Ready', { server: { ...image, uid: 'u-1' }, package: null }, 'Ready'],
    ['Installing', { package: { state: 'Installing', message: '3 of 9' }, missing: ['USER_TOKEN'] }, '3 of 9'],
    ['Installing', { package: absent }, 'waits'],
    ['Failed', { package: failed, missing: ['USER_TOKEN'] }, 'no such version'],
    ['MissingVariable', { missing: ['USER_TOKEN'], fault: 'exited' }, 'mcphub secrets set USER_TOKEN'],
    ['MissingVariable', { missing: ['ORG_TOKEN'] }, 'mcphub secrets set --org ORG_TOKEN'],
    ['Failed', { fault: 'exited with 1', toolCount: null }, 'exited with 1'],
    ['Undiscovered', { toolCount: null }, 'first use'],
    ['Ready', { toolCount: 0 }, 'Ready'],
  ])('%s: the first that applies, with what to do (%#)', (status, change, reason) => {
    const answer = decideStatus(facts(change))
    expect(answer.status).toBe(status)
    expect(answer.statusReason).toContain(reason)
  })

  test('stdio is of high risk unless it says otherwise; the reason for its isolation is shown', () => {
    expect(presentServer(facts(), [])).toMatchObject({
      riskLevel: 'High',
      sessions: 'Shared',
      isolation: { mode: 'PerUser', reason: expect.stringMatching(/\w/) },
      package: { state: 'Ready', message: null },
    })
  })
})
