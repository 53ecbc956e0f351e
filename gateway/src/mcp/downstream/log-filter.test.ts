import { describe, expect, test } from 'vitest'
import { isWantedLog } from './log-filter.ts'

const line = (level: unknown) =>
  JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level, data: 'x' } })
const modern = (level?: string) => ({
  modernParams: { _meta: level === undefined ? {} : { 'io.modelcontextprotocol/logLevel': level } },
  session: null,
})
const legacy = (logLevel: string | null) => ({ modernParams: null, session: { logLevel } })

describe('log lines', () => {
  test.each([
    ['a request that names no level hears none', modern(), 'emergency', false],
    ['a level nobody knows is no level', modern('loud'), 'emergency', false],
    ['below the level of the request', modern('warning'), 'notice', false],
    ['at the level of the request', modern('warning'), 'warning', true],
    ['above the level of the request', modern('warning'), 'alert', true],
    ['a session that named none hears what the server pleases', legacy(null), 'debug', true],
    ['below the level of the session', legacy('error'), 'warning', false],
    ['above the level of the session', legacy('error'), 'critical', true],
    ['a line without a known level, to a session that named one', legacy('debug'), 'chatty', false],
    ['a plain client without a session', { modernParams: null, session: null }, 'debug', true],
  ])('%s', (_what, levels, level, isWanted) => {
    expect(isWantedLog(line(level), levels)).toBe(isWanted)
  })

  test('other notifications pass, whatever they talk about', () => {
    const params = { progressToken: 1, message: '"notifications/message"' }
    const progress = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params })
    expect(isWantedLog(progress, modern())).toBe(true)
    expect(isWantedLog(progress, legacy('error'))).toBe(true)
  })
})
