import { describe, expect, test } from 'vitest'
import { createHealth } from './health.ts'

describe('health', () => {
  test('not ready before the start and after the stop, whatever the checks say', async () => {
    const health = createHealth({ cacheMs: 0 })
    health.addCheck('fine', () => {})
    expect(await health.readiness()).toMatchObject({ ready: false, state: 'starting' })
    health.started()
    expect(await health.readiness()).toMatchObject({ ready: true, state: 'ready' })
    health.stopping()
    health.started()
    expect(await health.readiness()).toMatchObject({ ready: false, state: 'stopping' })
  })

  test('a failed, throwing or hanging check is named, its text is not shown', async () => {
    const health = createHealth({ cacheMs: 0, checkMs: 20 })
    health.started()
    health.addCheck('database', () => Promise.reject(new Error('postgres://hub:pw@h')))
    health.addCheck('throws', () => {
      throw new Error('x')
    })
    health.addCheck('hangs', () => new Promise(() => {}))
    health.addCheck('catalog', () => '3 servers')
    const answer = await health.readiness()
    expect(answer.state).toBe('degraded')
    expect(answer.checks.map((check) => [check.name, check.ok])).toEqual([
      ['database', false],
      ['throws', false],
      ['hangs', false],
      ['catalog', true],
    ])
    expect(JSON.stringify(answer)).not.toContain('pw')
  })

  test('many probers cost one round of checks', async () => {
    const health = createHealth({ cacheMs: 60_000 })
    health.started()
    let runs = 0
    health.addCheck('count', () => void runs++)
    await Promise.all(Array.from({ length: 50 }, () => health.readiness()))
    expect(runs).toBe(1)
  })
})
