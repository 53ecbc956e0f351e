// The controller of UserGroups against the fake API server: what servers and sandboxes do shows in its status, and rest costs nothing.
import { mcpServerSpec, userGroupSpec } from '@mcphub/api'
import { EventRecorder, KubeClient, KubeHttp, fixedCredentials, runOperator } from '@mcphub/kube'
import { FakeApiServer, isWrite } from '@mcphub/kube/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CountPace } from '../count-pace.ts'
import { createMetrics } from '../platform/metrics.ts'
import { MCP_SANDBOXES, MCP_SERVERS, USER_GROUPS } from '../resources.ts'
import { createWorld } from '../world.ts'
import { createGroupController } from './group-controller.ts'

const namespace = 'boxes'
let server: FakeApiServer
let http: KubeHttp
let client: KubeClient
let end: AbortController
let ended: Promise<unknown>

beforeEach(async () => {
  server = await FakeApiServer.start({ bookmarkMs: 50 })
  http = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: 'user' })
  client = new KubeClient(http)
  end = new AbortController()
})
afterEach(async () => {
  end.abort()
  await ended
  await http.destroy()
  await server.stop()
})

function launch(paceMs: number): void {
  const own = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: 'operator' })
  const kube = new KubeClient(own)
  const world = createWorld({ client: kube, namespace, instance: 'hub' })
  const controller = createGroupController({
    client: kube,
    world,
    events: new EventRecorder({ client: kube, controller: 'mcphub.io/operator', instance: 'x' }),
    now: () => new Date(),
    metrics: createMetrics(),
    onError: () => undefined,
    pace: new CountPace({ paceMs }),
    statusDelayMs: 20,
  })
  const parts = { reflectors: Object.values(world), controllers: [controller], graceMs: 0 }
  ended = runOperator(parts, end.signal).then(() => own.destroy())
}

interface Status {
  readonly conditions?: readonly { type: string; status: string; reason: string }[]
  readonly servers?: object
  readonly sandboxes?: object
}
const statusOf = (): Status => (server.storage.get('usergroups.mcphub.io', namespace, 'team')['status'] ?? {}) as Status
const said = (): string[] =>
  (statusOf().conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`)
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 3 })
const writes = (): number => server.calls.filter((call) => call.userAgent === 'operator' && isWrite(call)).length

const createGroup = (spec: object): Promise<unknown> =>
  client.create(USER_GROUPS, { metadata: { namespace, name: 'team' }, spec: userGroupSpec.parse(spec) })
const createServer = (name: string): Promise<unknown> =>
  client.create(MCP_SERVERS, {
    metadata: { namespace, name },
    spec: mcpServerSpec.parse({ type: 'Remote', remote: { url: 'https://a.example/' } }),
  })
const createSandbox = (name: string, userGroupRefs: string[]): Promise<unknown> =>
  client.create(MCP_SANDBOXES, {
    metadata: { namespace, name },
    spec: { serverRef: { name: 'a', uid: 'u' }, userGroupRefs },
  })
const setReady = (name: string, status: 'True' | 'False'): Promise<unknown> =>
  client.patch(
    MCP_SANDBOXES,
    { namespace, name },
    { type: 'merge', body: { status: { conditions: [{ type: 'Ready', status }] } } },
    { subresource: 'status' },
  )

test('a server that comes resolves the group, one that goes is missed and told', async () => {
  launch(0)
  await createGroup({ servers: ['a', 'b'] })
  await createServer('a')
  await eventually(() => expect(statusOf().servers).toEqual({ found: 1, missing: 1 }))
  expect(said()).toEqual(['Ready True Ready', 'ServersResolved False ServersMissing'])
  await createServer('b')
  await eventually(() => expect(said()).toEqual(['Ready True Ready', 'ServersResolved True Resolved']))
  await client.delete(MCP_SERVERS, { namespace, name: 'a' })
  await eventually(() => expect(statusOf().servers).toEqual({ found: 1, missing: 1 }))
  await eventually(() => {
    const notes = server.storage.list('events.events.k8s.io', namespace).map((event) => event['note'])
    expect(notes).toContain(
      'ServersResolved is False: there is no McpServer a: create it, or take it out of spec.servers',
    )
  })
})

test('OPR-6: one of a shape of a later version says so, and is looked at as any other', async () => {
  launch(0)
  await createServer('a')
  await client.create(USER_GROUPS, {
    metadata: { namespace, name: 'team' },
    spec: { ...userGroupSpec.parse({ servers: ['a'] }), limits: null },
  })
  await eventually(() => expect(said()).toEqual(['Ready False Invalid', 'ServersResolved True Resolved']))
  await client.delete(MCP_SERVERS, { namespace, name: 'a' })
  await eventually(() => expect(statusOf().servers).toEqual({ found: 0, missing: 1 }))
})

test('sandboxes that name it are counted as they come, wake, sleep and leave', async () => {
  launch(0)
  await createGroup({ servers: [] })
  await createSandbox('s1', ['team', 'other'])
  await createSandbox('s2', ['team'])
  await createSandbox('s3', ['other'])
  await setReady('s1', 'True')
  await eventually(() => expect(statusOf().sandboxes).toEqual({ total: 2, running: 1 }))
  await setReady('s1', 'False')
  await eventually(() => expect(statusOf().sandboxes).toEqual({ total: 2, running: 0 }))
  await client.patch(
    MCP_SANDBOXES,
    { namespace, name: 's2' },
    { type: 'merge', body: { spec: { userGroupRefs: ['other'] } } },
  )
  await eventually(() => expect(statusOf().sandboxes).toEqual({ total: 1, running: 0 }))
})

test('wakes cost no write: numbers are written at their pace, and at rest nothing is', async () => {
  launch(60_000)
  await createGroup({ servers: [] })
  await eventually(() => expect(said()).toHaveLength(2))
  const before = writes()
  for (let at = 0; at < 10; at++) {
    await createSandbox(`s${at}`, ['team'])
    await setReady(`s${at}`, 'True')
  }
  await client.patch(USER_GROUPS, { namespace, name: 'team' }, { type: 'merge', body: { spec: { displayName: 'T' } } })
  await eventually(() => expect(statusOf().sandboxes).toEqual({ total: 10, running: 10 }))
  expect(writes()).toBe(before + 1)
})
