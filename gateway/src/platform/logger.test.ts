import { spawnSync } from 'node:child_process'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { HubError } from '@mcphub/api'
import { describe, expect, test } from 'vitest'
import { Secret } from '../secrets/secret.ts'
import { createLogger, type LogLevel } from './logger.ts'
import { presentError, scrubText } from './redact.ts'

const CANARY = 'canary-7f3a91'
const KEY = `mcphub_${'ab12'.repeat(16)}`

function captured(level: LogLevel) {
  const lines: string[] = []
  const logger = createLogger({ level, destination: { write: (line) => void lines.push(line) } })
  const last = () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown>
  return { logger, lines, last }
}

describe('logger', () => {
  test('SEC-2: no value, key or foreign error text is written at debug level, whatever is logged', () => {
    const { logger, lines } = captured('debug')
    const foreign = Object.assign(new Error(`bad header ${CANARY}`, { cause: new Error(CANARY) }), {
      code: 'ERR_BAD',
      token: CANARY,
      config: { headers: { authorization: CANARY } },
    })
    const request = Object.assign(new IncomingMessage(new Socket()), { method: 'GET', url: `/mcp?key=${KEY}` })
    request.headers['authorization'] = `Bearer ${CANARY}`
    logger.error(foreign)
    logger.error({ err: foreign })
    logger.error({ error: foreign, nested: { deep: [foreign] } }, 'failed')
    logger.debug({ req: request, request }, 'request')
    logger.debug(request as never)
    logger.info({ value: new Secret(CANARY), map: new Map([['a', CANARY]]) }, 'value')
    logger.info({ url: `/mcp?x=1&key=${CANARY}&y=2`, link: new URL(`http://h/mcp?key=${CANARY}`) }, 'url')
    logger.info({ headers: { Authorization: CANARY, 'Proxy-Authorization': CANARY, Cookie: CANARY } }, 'headers')
    logger.info({ a: { b: { password: CANARY, dbPassword: CANARY, accessToken: CANARY } } }, 'deep')
    logger.child({ hubKey: CANARY, err: foreign }).info('child')
    logger.info(`text with Bearer ${CANARY} and ${KEY} and postgres://hub:${CANARY}@db/x`)
    expect(lines).toHaveLength(11)
    const all = lines.join('')
    expect(all).not.toContain(CANARY)
    expect(all).not.toContain(KEY)
    expect(all).toContain('ERR_BAD')
  })

  test('an error shows name and code; its message only when it is ours; its stack at debug alone', () => {
    const quiet = captured('info')
    quiet.logger.error({ err: new TypeError('secret text') }, 'step failed')
    expect(quiet.last()).toMatchObject({ level: 'error', message: 'step failed', err: { name: 'TypeError' } })
    expect(quiet.last()['err']).not.toHaveProperty('stack')
    const ours = new HubError('conflict', 'Name taken', {}, { cause: new Error('duplicate key value (bob)') })
    const loud = captured('debug')
    loud.logger.warn({ err: ours }, 'refused')
    expect(loud.last()['err']).toMatchObject({ name: 'HubError', code: 'conflict', message: 'Name taken' })
    expect(JSON.stringify(loud.last())).toContain('logger.test.ts')
    expect(JSON.stringify(loud.last())).not.toContain('duplicate key')
  })

  test('a message that imitates stack frames does not get in through the stack', () => {
    const error = new Error(`x\n    at ${CANARY} (/a/b.ts:1:1)`)
    expect(JSON.stringify(presentError(error, { stack: true }))).not.toContain(CANARY)
  })

  test('cycles, depth and length are bounded', () => {
    const { logger, lines } = captured('info')
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    logger.info({ cycle, list: Array.from({ length: 10_000 }, (_, index) => index) }, 'big')
    expect(lines[0]!.length).toBeLessThan(2000)
  })

  test.each(['session', 'link', 'setup'])('SEC-2: a token of a %s is taken out of any text', (kind) => {
    const token = `mcphub_${kind}_${'ab12'.repeat(16)}`
    expect(scrubText(`cookie: a=b; mcphub_session=${token}; c=d`)).not.toContain('ab12')
  })

  test('scrubText leaves ordinary text alone', () => {
    const text = 'GET /mcp/files?view=tools 200 monkey=1 //host:80/path mcphub_up 1'
    expect(scrubText(text)).toBe(text)
  })

  test('SEC-2: an uncaught exception writes no message to stdout or stderr', () => {
    const script = `
      import { createLogger, installCrashHandlers } from '${new URL('./logger.ts', import.meta.url).href}'
      installCrashHandlers(createLogger({ level: 'info' }))
      ${'Promise.reject(new Error("' + CANARY + '"))'}`
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect(run.status).toBe(1)
    expect(run.stdout).toContain('unhandled rejection')
    expect(run.stdout + run.stderr).not.toContain(CANARY)
  })
})
