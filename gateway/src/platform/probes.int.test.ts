import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHealth } from './health.ts'
import { type Listener, startListener } from './listener.ts'
import { createLogger } from './logger.ts'
import { answerProbe } from './probes.ts'

const health = createHealth({ cacheMs: 0 })
let listener: Listener

beforeAll(async () => {
  listener = await startListener({
    hosts: ['127.0.0.1'],
    port: 0,
    logger: createLogger({ level: 'silent' }),
    handler: (request, response) => {
      if (!answerProbe(health, request, response)) response.writeHead(418).end()
    },
  })
})
afterAll(() => listener.stop(0))

const ask = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${listener.port}${path}`, { method })

test('GW-14: live from the start, ready only between start and stop, and only while every check passes', async () => {
  let isUp = true
  health.addCheck('database', () => {
    if (!isUp) throw new Error('postgres://hub:pw@h')
  })
  expect([(await ask('/livez')).status, (await ask('/readyz')).status]).toEqual([200, 503])
  health.started()
  expect((await ask('/readyz?verbose')).status).toBe(200)
  isUp = false
  const degraded = await ask('/readyz')
  const text = await degraded.text()
  expect(degraded.status).toBe(503)
  expect(JSON.parse(text)).toMatchObject({ state: 'degraded', checks: [{ name: 'database', ok: false }] })
  expect(text).not.toContain('pw')
  isUp = true
  health.stopping()
  expect([(await ask('/livez')).status, (await ask('/readyz')).status]).toEqual([200, 503])
})

test('other methods are 405 and other paths are not probes', async () => {
  expect((await ask('/readyz', 'POST')).status).toBe(405)
  expect((await ask('/readyz/x')).status).toBe(418)
})
