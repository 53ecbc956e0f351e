// The hub as a whole: replicas that say they are there, those that are silent, the database, the operator's Lease.
import { KubeClient, KubeHttp, LEASES, fixedCredentials } from '@mcphub/kube'
import { FakeApiServer } from '@mcphub/kube/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openTestDatabase, type OpenTestDatabase } from '../../../../test/kit/database.ts'
import { waitUntil } from '../../../../test/kit/wait-until.ts'
import { readOperatorLease } from './operator-lease.ts'
import { createPgReplicasStore } from './pg-replicas-store.ts'
import { createSystemService, type SystemService } from './system-service.ts'

describe('replicas', () => {
  let opened: OpenTestDatabase
  const running: SystemService[] = []
  beforeAll(async () => void (opened = await openTestDatabase()))
  afterEach(async () => {
    for (const service of running.splice(0)) await service.stop()
  })
  afterAll(() => opened.close())

  let calls = 0
  function replica(name: string): SystemService {
    const service = createSystemService({
      ...{ store: createPgReplicasStore(opened.database), name, version: '1.2.3', beatMs: 20 },
      facts: () => ({ sessions: 1, callsInFlight: calls, callsQueued: 0, connections: 2, memoryBytes: 3 }),
      databasePool: () => opened.database.pool(),
      sandboxes: () => [{ state: 'Running' }, { state: 'Failed' }, { state: 'Ending' }],
      audit: () => ({ queued: 1, written: 2, lost: 0 }),
      keyId: () => 'new',
      operator: async () => ({ holder: 'pod-1', renewedAt: new Date(0), isLive: false }),
    })
    running.push(service)
    service.start()
    return service
  }
  const named = async (service: SystemService) =>
    (await service.describe()).replicas.map(({ name, isLive, isThis }) => [name, isLive, isThis])

  test('each says that it is there and how busy; any of them tells of all', async () => {
    const [one] = [replica('one'), replica('two')]
    await waitUntil(async () => (await one.describe()).replicas.length === 2, 'both are there')
    expect(await named(one)).toEqual([
      ['one', true, true],
      ['two', true, false],
    ])
    calls = 7
    await waitUntil(
      async () => (await one.describe()).replicas.every((each) => each.callsInFlight === 7),
      'busy by now',
    )
    expect(await one.describe()).toMatchObject({
      database: {
        version: expect.stringMatching(/^\d+/),
        sizeBytes: expect.any(Number),
        pool: { total: expect.any(Number) },
      },
      sandboxes: { running: 1, starting: 0, failed: 1, other: 1 },
      audit: { queued: 1, written: 2, lost: 0 },
      keyRing: { keyId: 'new', sealed: 0, behind: 0 },
      operator: { holder: 'pod-1', renewedAt: '1970-01-01T00:00:00.000Z', isLive: false },
    })
  })

  test('one that ends says so; one that was killed is shown silent, then no more, then forgotten', async () => {
    const one = replica('one')
    const insert = (name: string, ago: string): Promise<unknown> =>
      opened.database.run(null, (m) =>
        m.query(
          `INSERT INTO replicas (name, version, started_at, seen_at, facts) VALUES ($1, '1', now(), now() - $2::interval,
            '{"sessions":0,"callsInFlight":0,"callsQueued":0,"connections":0,"memoryBytes":0}')`,
          [name, ago],
        ),
      )
    await insert('silent', '30 seconds')
    await insert('gone', '2 minutes')
    await insert('forgotten', '2 days')
    await waitUntil(async () => (await named(one)).length === 2, 'it is there')
    expect(await named(one)).toEqual([
      ['one', true, true],
      ['silent', false, false],
    ])
    const kept = async (): Promise<string[]> =>
      opened.database.run(null, async (m) => {
        const rows: { name: string }[] = await m.query('SELECT name FROM replicas ORDER BY name')
        return rows.map(({ name }) => name)
      })
    await waitUntil(async () => !(await kept()).includes('forgotten'), 'forgotten')
    await one.stop()
    expect(await kept()).toEqual(['gone', 'silent'])
  })

  test('how far the rotation of the key ring has come', async () => {
    await opened.database.run(null, (m) =>
      m.query(`INSERT INTO org_variables (name, sealed, key_id, version, updated_at)
        SELECT 'ORG_' || key_id || n, '', key_id, gen_random_uuid(), now()
        FROM (VALUES ('old', 2), ('new', 1)) AS keys (key_id, many), generate_series(1, many) AS n`),
    )
    expect((await replica('three').describe()).keyRing).toEqual({ keyId: 'new', sealed: 3, behind: 2 })
  })
})

describe('the operator', () => {
  let server: FakeApiServer
  let http: KubeHttp
  let client: KubeClient
  const namespace = 'hub'
  beforeAll(async () => {
    server = await FakeApiServer.start()
    http = new KubeHttp({ credentials: fixedCredentials(server.url), userAgent: 'test', retries: 0 })
    client = new KubeClient(http)
  })
  afterAll(async () => {
    await http.destroy()
    await server.stop()
  })
  const NOW = Date.parse('2026-01-01T00:00:10Z')
  const read = (now = NOW) => readOperatorLease({ client, namespace, now: () => now })

  test('nobody leads, somebody does, and is not heard of any more', async () => {
    expect(await read()).toEqual({ holder: null, renewedAt: null, isLive: false })
    await client.create(LEASES, {
      metadata: { namespace, name: 'mcphub-operator' },
      spec: { holderIdentity: 'pod-1', renewTime: '2026-01-01T00:00:00.000000Z', leaseDurationSeconds: 15 },
    })
    const renewedAt = new Date('2026-01-01T00:00:00Z')
    expect(await read()).toEqual({ holder: 'pod-1', renewedAt, isLive: true })
    expect(await read(NOW + 6_000)).toEqual({ holder: 'pod-1', renewedAt, isLive: false })
  })

  test('what cannot be seen is not said to be gone', async () => {
    const act = { answer: { code: 403, reason: 'Forbidden' } }
    const back = server.inject({ when: () => true, act })
    expect(await read()).toBeNull()
    back()
  })
})
