// The whole operator against an API server in memory: probes, metrics, election, and its end in order.
import { LABELS, type UserGroupStatus } from '@mcphub/api'
import { KubeClient, KubeHttp, fixedCredentials } from '@mcphub/kube'
import { FakeApiServer, isWrite, type FakeCall } from '@mcphub/kube/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../../test/kit/wait-until.ts'
import type { Config } from './config.ts'
import { operate } from './operator.ts'
import { createLogger } from './platform/logger.ts'
import { MCP_SANDBOXES, MCP_SERVERS, USER_GROUPS } from './resources.ts'
import { NAMESPACE, POD_SETTINGS, makeGroupSpec, makeServer } from './testing/objects.ts'

let api: FakeApiServer
let http: KubeHttp
let client: KubeClient
beforeEach(async () => {
  api = await FakeApiServer.start()
  http = new KubeHttp({ credentials: fixedCredentials(api.url), userAgent: 'world' })
  client = new KubeClient(http)
})
afterEach(async () => {
  await http.destroy()
  await api.stop()
})

/** of contact with the API server, until a time that is over counts */
const SETTLING_MS = 3000

const configOf = (identity: string): Config => ({
  api: { kubeconfig: '' },
  namespace: 'hub',
  identity,
  sandboxTtlDays: 30,
  sandboxesPerUser: 10,
  pods: POD_SETTINGS,
  healthPort: 0,
  metricsPort: 0,
  logLevel: 'debug',
})

const DEADLINE_MS = 2000
const RETRY_MS = 50

interface Running {
  readonly ports: Promise<{ health: number; metrics: number }>
  readonly lines: string[]
  stop(): Promise<string>
}

function run(identity: string, now = () => new Date()): Running {
  const stop = new AbortController()
  const lines: string[] = []
  const { promise: ports, resolve } = Promise.withResolvers<{ health: number; metrics: number }>()
  const end = operate({
    config: configOf(identity),
    credentials: fixedCredentials(api.url),
    log: createLogger('debug', (line) => lines.push(line)),
    signal: stop.signal,
    now,
    timing: { firstBackOffMs: 5, mostBackOffMs: 50 },
    // long enough for a machine that has more to do than this test
    election: { leaseSeconds: 3, renewDeadlineMs: DEADLINE_MS, retryMs: RETRY_MS },
    settlingMs: SETTLING_MS,
    onListening: resolve,
  })
  return {
    ports,
    lines,
    stop: () => {
      stop.abort()
      return end
    },
  }
}

const isOf =
  (identity: string) =>
  ({ userAgent }: FakeCall): boolean =>
    userAgent.endsWith(`/${identity}`)
const isLease = ({ collection }: FakeCall): boolean => collection === 'leases.coordination.k8s.io'
const isEvent = ({ collection }: FakeCall): boolean => collection === 'events.events.k8s.io'
/** What one replica alone may write. */
const isLeadersWrite = (call: FakeCall): boolean => isWrite(call) && !isLease(call) && !isEvent(call)
const byOne = isOf('one')
const count = (is: (call: FakeCall) => boolean): number => api.calls.filter((call) => byOne(call) && is(call)).length
const leads = (operator: Running): Promise<void> =>
  until(() => expect(operator.lines.join('')).toContain('This replica leads'))
const createGroup = (name: string): Promise<unknown> =>
  client.create(USER_GROUPS, { metadata: { namespace: NAMESPACE, name }, spec: makeGroupSpec({ servers: ['none'] }) })
const soon = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString()
const createAwake = (name: string, serverUid: string): Promise<unknown> =>
  client.create(MCP_SANDBOXES, {
    metadata: { namespace: NAMESPACE, name, labels: { [LABELS.server]: 'files' } },
    spec: { serverRef: { name: 'files', uid: serverUid }, operatingMode: 'Auto', activeUntilTime: soon(60) },
  })
const putOff = (retryAfterSeconds: number) =>
  ({ answer: { code: 429, reason: 'TooManyRequests', retryAfterSeconds } }) as const

const read = async (port: number, path: string): Promise<[number, string]> => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`)
  return [answer.status, await answer.text()]
}

test('alive at once, ready when the caches are full, measured by the names dashboards know', async () => {
  const undo = api.inject({
    when: ({ collection }) => collection === 'pods',
    act: { answer: { code: 500, reason: 'InternalError' } },
  })
  const operator = run('one')
  const { health, metrics } = await operator.ports
  expect(await read(health, '/healthz')).toEqual([200, 'ok\n'])
  expect((await read(health, '/readyz'))[0]).toBe(503)
  undo()
  await until(async () => expect((await read(health, '/readyz'))[0]).toBe(200))
  const { metadata } = await client.create(MCP_SERVERS, makeServer('files'))
  await client.create(MCP_SANDBOXES, {
    metadata: { namespace: NAMESPACE, name: 'files-a', labels: { [LABELS.server]: 'files' } },
    spec: {
      serverRef: { name: 'files', uid: metadata.uid },
      userGroupRefs: [],
      operatingMode: 'Auto',
      activeUntilTime: new Date(Date.now() + 60_000).toISOString(),
    },
  })
  await until(() => expect(api.storage.list('pods', NAMESPACE)).toHaveLength(1))
  const [code, text] = await read(metrics, '/metrics')
  expect(code).toBe(200)
  expect(text).toMatch(/^controller_runtime_reconcile_total\{controller="mcp-sandbox",result="\w+"\} [1-9]/m)
  expect(text).toMatch(/^workqueue_depth\{name="mcp-sandbox"\} 0$/m)
  expect(text).toMatch(
    /^controller_runtime_reconcile_time_seconds_bucket\{controller="mcp-sandbox",le="\+Inf"\} [1-9]/m,
  )
  expect(text).toMatch(/^leader_election_master_status 1$/m)
  expect(text).not.toContain('files-a')
  for (const line of text.trim().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+)$/)
  expect((await read(metrics, '/healthz'))[0]).toBe(404)
  expect(await operator.stop()).toBe('stopped')
})

test('asked to end, it gives the lease back, and the other leads at once', async () => {
  const first = run('one')
  await until(() => expect(first.lines.join('')).toContain('This replica leads'))
  const second = run('two')
  await until(() => expect(second.lines.join('')).toContain('The caches are full'))
  expect(second.lines.join('')).not.toContain('This replica leads')
  expect(await first.stop()).toBe('stopped')
  await until(() => expect(second.lines.join('')).toContain('This replica leads'))
  const [lease] = api.storage.list('leases.coordination.k8s.io', 'hub')
  expect(lease).toMatchObject({ metadata: { name: 'mcphub-operator' }, spec: { holderIdentity: 'two' } })
  await second.stop()
  expect(api.openWatches).toBe(0)
})

test('OPR-3: once its lease is over nothing of it is written, whatever waited; events and the lease itself go on', async () => {
  const first = run('one')
  await leads(first)
  const second = run('two')
  await until(() => expect(second.lines.join('')).toContain('The caches are full'))
  // an event that is sent again long after the write below
  api.inject({ when: (call) => byOne(call) && isEvent(call), act: putOff(6.5), times: 1 })
  await createGroup('told')
  await until(() => expect(count(isEvent)).toBe(1))
  // a write that is sent again when the lease is over
  const isStatus = ({ name, subresource }: FakeCall): boolean => name === 'late' && subresource === 'status'
  api.inject({ when: (call) => byOne(call) && isStatus(call), act: putOff(3.5), times: 1 })
  await createGroup('late')
  await until(() => expect(count(isStatus)).toBe(1))
  const held = Promise.withResolvers<void>()
  const leases = count(isLease)
  api.inject({ when: (call) => byOne(call) && isLease(call), act: { hold: held.promise } })
  await leads(second)
  const [writes, events] = [count(isLeadersWrite), count(isEvent)]
  await until(() => expect(count(isEvent)).toBeGreaterThan(events))
  expect(count(isLeadersWrite)).toBe(writes)
  expect(count(isStatus)).toBe(1)
  // the renewal that is held, and the word that gives the lease back
  expect(count(isLease)).toBeGreaterThanOrEqual(leases + 2)
  const { status } = api.storage.get('usergroups.mcphub.io', NAMESPACE, 'late')
  expect(status).toMatchObject({ observedGeneration: 1 })
  held.resolve()
  expect(await first.stop()).toBe('lost the lead')
  const [lease] = api.storage.list('leases.coordination.k8s.io', 'hub')
  expect(lease).toMatchObject({ spec: { holderIdentity: 'two' } })
  await second.stop()
})

/** calls that may be in flight: packages/kube's default */
const SOCKETS = 64

test('writes that take every socket do not hold up the lease', async () => {
  const held = Promise.withResolvers<void>()
  const undo = api.inject({ when: (call) => byOne(call) && isLeadersWrite(call), act: { hold: held.promise } })
  const first = run('one')
  await leads(first)
  const { metadata } = await client.create(MCP_SERVERS, makeServer('files'))
  for (let at = 0; at < SOCKETS + 4; at++) await createAwake(`files-${at}`, metadata.uid)
  await until(() => expect(count(isLeadersWrite)).toBe(SOCKETS))
  // longer than its deadline
  await renewals(DEADLINE_MS / RETRY_MS)
  expect(count(isLeadersWrite)).toBe(SOCKETS)
  undo()
  held.resolve()
  await until(() => expect(api.storage.list('pods', NAMESPACE)).toHaveLength(SOCKETS + 4))
  expect(await first.stop()).toBe('stopped')
})

test('a step of its own clock while all is idle moves no time that it writes: the lease tells it what time it is', async () => {
  let offMs = 0
  const operator = run('one', () => new Date(Date.now() + offMs))
  await leads(operator)
  offMs = 600_000
  await renewals(2)
  await createGroup('team')
  const times = await until(() => {
    const { status } = api.storage.get('usergroups.mcphub.io', NAMESPACE, 'team')
    expect(status).toHaveProperty('conditions')
    return (status as unknown as UserGroupStatus).conditions.map(({ lastTransitionTime }) => lastTransitionTime)
  })
  expect(times).toHaveLength(2)
  for (const time of times) expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000)
  expect(await operator.stop()).toBe('stopped')
})

/** So many more were begun, and all but the last answered. */
async function renewals(more: number): Promise<void> {
  const before = count(isLease)
  await until(() => expect(count(isLease)).toBeGreaterThan(before + more))
}

test('a pod whose time is over goes once the API server has answered for long enough, though all is idle but the lease', async () => {
  const beganMs = performance.now()
  const operator = run('one')
  await leads(operator)
  const { metadata } = await client.create(MCP_SERVERS, makeServer('files'))
  await createAwake('files-a', metadata.uid)
  await until(() => expect(api.storage.list('pods', NAMESPACE)).toHaveLength(1))
  await client.patch(
    MCP_SANDBOXES,
    { namespace: NAMESPACE, name: 'files-a' },
    { type: 'merge', body: { spec: { activeUntilTime: soon(0) } } },
  )
  await until(() => expect(api.storage.list('pods', NAMESPACE)).toEqual([]))
  expect(performance.now() - beganMs).toBeGreaterThan(SETTLING_MS)
  expect(await operator.stop()).toBe('stopped')
})
