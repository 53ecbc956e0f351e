import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { declareHubGauges, declareHubMetrics } from './hub-metrics.ts'
import { startMetricsServer } from './metrics-server.ts'
import { createMetrics } from './metrics.ts'

describe('metrics', () => {
  test('labels are bounded: unknown methods and servers beyond the bound become "other"', async () => {
    const metrics = createMetrics()
    const hub = declareHubMetrics(metrics, ['GET /api/health'])
    for (let index = 0; index < 2000; index++) {
      hub.mcpCall({ server: `s${index}`, method: `evil/${index}`, outcome: 'ok', seconds: 0.01 })
    }
    hub.apiCall('GET /nowhere', 404, 0.1)
    const text = await metrics.render()
    const series = text.split('\n').filter((line) => line.startsWith('mcphub_mcp_calls_total{'))
    expect(series).toHaveLength(501)
    expect(text).not.toContain('evil/')
    expect(text).toContain('mcphub_api_calls_total{route="other",status="4xx"} 1')
  })

  test('SEC-2: a label that would name a person, key or session is refused at declaration', () => {
    const metrics = createMetrics()
    for (const label of ['user', 'username', 'userId', 'sessionId', 'keyId']) {
      expect(() => metrics.counter(`x_${label}`, 'x', { [label]: { most: 5 } })).toThrow(/may not name/)
      expect(() => metrics.gaugeBy(`y_${label}`, 'y', label, () => [])).toThrow(/may not name/)
    }
  })

  test('the scrape shows process metrics, gauges read at that moment, and nothing but /metrics is served', async () => {
    const metrics = createMetrics()
    let inFlight = 3
    declareHubGauges(metrics, {
      callsInFlight: () => inFlight,
      callsQueued: () => 1,
      sessionsLive: () => 2,
      connections: () => 4,
      sandboxes: () => [{ state: 'Running' }, { state: 'Running' }],
      auditLost: () => 0,
      auditQueued: () => 0,
      databasePool: () => ({ total: 8, idle: 7, waiting: 0 }),
    })
    const server = await startMetricsServer(metrics, '127.0.0.1', 0)
    try {
      inFlight = 5
      const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`)
      const text = await answer.text()
      expect(answer.headers.get('content-type')).toContain('text/plain')
      expect(text).toContain('mcphub_calls_in_flight 5')
      expect(text).toContain('mcphub_sandboxes{state="Running"} 2')
      expect(text).toContain('mcphub_database_pool{state="idle"} 7')
      expect(text).toContain('process_cpu_seconds_total')
      expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(404)
    } finally {
      await server.stop()
    }
  })

  test('GW-16: on loopback it answers to names of loopback alone, and to no page', async () => {
    const server = await startMetricsServer(createMetrics(), '127.0.0.1', 0)
    const ask = async (headers: Record<string, string>): Promise<number | undefined> => {
      const request = get({ host: '127.0.0.1', port: server.port, path: '/metrics', headers })
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      response.resume()
      return response.statusCode
    }
    try {
      for (const host of ['127.0.0.1', 'localhost', `[::1]:${server.port}`]) expect(await ask({ host })).toBe(200)
      for (const host of ['evil.example', '127.0.0.1.evil.example', '10.0.0.1']) expect(await ask({ host })).toBe(403)
      expect(await ask({ host: 'localhost', origin: 'http://evil.example' })).toBe(403)
    } finally {
      await server.stop()
    }
  })
})
