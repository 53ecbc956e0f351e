// The whole operator against an API server in memory: probes, metrics, election, and its end in order.
import { LABELS } from '@mcphub/api'
import { KubeClient, KubeHttp, fixedCredentials } from '@mcphub/kube'
import { FakeApiServer } from '@mcphub/kube/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../../test/kit/wait-until.ts'
import type { Config } from './config.ts'
import { operate } from './operator.ts'
import { createLogger } from './platform/logger.ts'
import { MCP_SANDBOXES, MCP_SERVERS } from './resources.ts'
import { NAMESPACE, POD_SETTINGS, makeServer } from './testing/objects.ts'

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

interface Running {
  readonly ports: Promise<{ health: number; metrics: number }>
  readonly lines: string[]
  stop(): Promise<string>
}

function run(identity: string): Running {
  const stop = new AbortController()
  const lines: string[] = []
  const { promise: ports, resolve } = Promise.withResolvers<{ health: number; metrics: number }>()
  const end = operate({
    config: configOf(identity),
    credentials: fixedCredentials(api.url),
    log: createLogger('debug', (line) => lines.push(line)),
    signal: stop.signal,
    timing: { firstBackOffMs: 5, mostBackOffMs: 50 },
    election: { leaseSeconds: 1, renewDeadlineMs: 700, retryMs: 50 },
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
