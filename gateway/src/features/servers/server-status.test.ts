import { mcpServerSpec } from '@mcphub/api'
import { describe, expect, test } from 'vitest'
import { deriveServer } from '../../catalog/derive.ts'
import type { SandboxInfo } from '../../sandboxes/sandboxes.ts'
import { type ServerFacts, decideState, decideStatus, presentServer } from './server-status.ts'

const spec = (over: object = {}) =>
  mcpServerSpec.parse({
    type: 'Stdio',
    stdio: { package: { npm: { name: 'files', version: '1.0.0' } }, env: [{ name: 'T', value: '${USER_TOKEN}' }] },
    ...over,
  })
const server = (over: object = {}) => deriveServer({ name: 'files', labels: {}, spec: spec(over) })
const ready = { state: 'Ready', command: [], folder: '/x' } as const
const facts = (over: Partial<ServerFacts> = {}): ServerFacts => {
  return { server: server(), package: ready, missing: [], toolCount: 4, fault: null, sandboxes: [], ...over }
}

describe('the status of a server', () => {
  const absent = { state: 'Absent' } as const
  const failed = { state: 'Failed', message: 'no such version', retryAt: null } as const
  const builtin = server({ type: 'Builtin', stdio: undefined, builtin: {} })
  const image = server({ stdio: { image: 'x@sha256:1' } })
  test.each<[string, Partial<ServerFacts>, string]>([
    ['Ready', {}, 'Ready'],
    ['Disabled', { server: server({ enabled: false }), package: failed, missing: ['USER_TOKEN'] }, 'enabled: false'],
    ['Failed', { server: builtin, package: null, toolCount: null }, 'cannot run servers of type Builtin'],
    ['Failed', { server: image, package: null }, 'only packages run'],
    ['Ready', { server: { ...image, uid: 'u-1' }, package: null }, 'Ready'],
    ['Installing', { package: { state: 'Installing', message: '3 of 9' }, missing: ['USER_TOKEN'] }, '3 of 9'],
    ['Installing', { package: absent }, 'waits'],
    ['Failed', { package: failed, missing: ['USER_TOKEN'] }, 'no such version'],
    ['MissingVariable', { missing: ['USER_TOKEN'], fault: 'exited' }, 'mcphub secrets set USER_TOKEN'],
    ['MissingVariable', { missing: ['ORG_TOKEN'] }, 'mcphub secrets set --org ORG_TOKEN'],
    ['Failed', { fault: 'exited with 1', toolCount: null }, 'exited with 1'],
    ['Undiscovered', { toolCount: null }, 'first use'],
    ['Ready', { toolCount: null, hasAnswered: true }, 'Ready'],
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

  test('each status says by a code what the sentence says', () => {
    const codes = (change: Partial<ServerFacts>) => {
      const { statusCode, statusParams } = decideStatus(facts(change))
      return [statusCode, statusParams]
    }
    expect(codes({})).toEqual(['ready', {}])
    expect(codes({ package: { state: 'Installing', message: '3 of 9' } })).toEqual([
      'packageInstalling',
      { message: '3 of 9' },
    ])
    expect(codes({ package: absent })).toEqual(['packageWaiting', {}])
    expect(codes({ package: failed })).toEqual([
      'packageFailed',
      { package: 'files@1.0.0', message: 'no such version' },
    ])
    const python = server({ stdio: { package: { pypi: { name: 'files', version: '1.0.0' } } } })
    expect(codes({ server: python, package: { ...failed, retryAt: '2026-01-01T00:00:05Z' } })).toEqual([
      'packageRetried',
      { package: 'files==1.0.0', message: 'no such version', retryAt: '2026-01-01T00:00:05Z' },
    ])
    expect(codes({ missing: ['USER_A', 'ORG_B'] })).toEqual([
      'missingVariable',
      { variables: ['USER_A', 'ORG_B'], organisation: ['ORG_B'] },
    ])
    expect(codes({ fault: 'exited' })).toEqual(['fault', { message: 'exited' }])
    expect(codes({ toolCount: null })).toEqual(['undiscovered', {}])
    expect(codes({ server: server({ enabled: false }) })).toEqual(['disabled', {}])
    expect(codes({ server: image, package: null })).toEqual(['imageNeedsCluster', {}])
  })
})

describe('what runs of a server', () => {
  const box = (over: Partial<SandboxInfo>): SandboxInfo => ({
    id: 'files--x',
    server: 'files',
    userId: null,
    username: null,
    sessionId: null,
    state: 'Running',
    pid: 1,
    startedAt: '2026-08-01T00:00:00.000Z',
    lastActiveAt: '2026-08-01T00:00:00.000Z',
    memoryBytes: null,
    lastFault: null,
    idleInSeconds: null,
    progress: null,
    ...over,
  })
  const since = { since: '2026-08-01T00:00:00.000Z' }
  test.each<[string, readonly SandboxInfo[], object]>([
    ['nothing', [], { kind: 'Asleep', code: 'asleep', params: {} }],
    ['one that runs beside one that failed', [box({ state: 'Failed' }), box({})], { kind: 'Running', params: since }],
    ['one that starts', [box({ state: 'Ending' }), box({ state: 'Starting' })], { kind: 'Starting', params: since }],
    ['one that ends', [box({ state: 'Ending' })], { kind: 'Asleep', code: 'ending' }],
    [
      'one that failed',
      [box({ state: 'Failed', lastFault: 'exited with 1' })],
      { kind: 'Failed', code: 'startFailed', params: { message: 'exited with 1' } },
    ],
  ])('%s', (_, sandboxes, expected) => {
    expect(decideState(facts({ sandboxes }))).toMatchObject(expected)
  })

  test('a remote server has nothing that runs', () => {
    const remote = mcpServerSpec.parse({ type: 'Remote', remote: { url: 'https://a.example.test' } })
    const derived = deriveServer({ name: 'files', labels: {}, spec: remote })
    expect(decideState({ server: derived, sandboxes: [box({})] })).toEqual({
      kind: 'None',
      code: 'nothingRuns',
      params: {},
    })
  })

  test('what a package or a sandbox says of itself comes with its codes, where they are known', () => {
    const failed = { state: 'Failed', message: 'the registry does not answer', retryAt: null } as const
    const ofPackage = presentServer(facts({ package: failed }), [])
    expect(ofPackage.statusParams).toMatchObject({ message: 'the registry does not answer' })
    expect(ofPackage.statusSaid).toEqual([{ code: 'registry.silent', params: {} }])
    const sandboxes = [box({ state: 'Failed', lastFault: 'its process exited with code 3' })]
    expect(presentServer(facts({ sandboxes }), []).state.said).toEqual([{ code: 'end.exited', params: { code: '3' } }])
    expect(presentServer(facts({ fault: 'nobody knows this' }), []).statusSaid).toEqual([])
  })
})
