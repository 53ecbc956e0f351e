import { HubError } from '@mcphub/api'
import { describe, expect, test } from 'vitest'
import { explainOpening, isRetryable, StatementFault, translateFault, violatedUnique } from './faults.ts'

const fault = (code: string | undefined, message = ''): Error => Object.assign(new Error(message), code ? { code } : {})
/** as the ORM throws it */
const wrapped = (inner: Error): Error =>
  Object.assign(new Error('QueryFailedError'), { driverError: inner, query: 'SELECT $1', parameters: ['zq7canary'] })

describe('translateFault', () => {
  const away: readonly [string, Error][] = [
    ['connection refused', fault('ECONNREFUSED')],
    ['connection reset', fault('ECONNRESET')],
    ['no socket file', fault('ENOENT')],
    ['name not found', fault('ENOTFOUND')],
    ['server is starting', fault('57P03')],
    ['server is stopping', fault('57P01')],
    ['too many connections', fault('53300')],
    ['disk full', fault('53100')],
    ['input/output error', fault('58030')],
    ['read-only after a failover', fault('25006')],
    ['statement timeout', fault('57014')],
    ['lock timeout', fault('55P03')],
    ['no answer', fault(undefined, 'Query read timeout')],
    ['no connection in time', fault(undefined, 'timeout exceeded when trying to connect')],
    ['cut', fault(undefined, 'Connection terminated unexpectedly')],
  ]
  test.each(away)('GW-3: %s is database_unavailable with Retry-After', (_, inner) => {
    for (const thrown of [inner, wrapped(inner)])
      expect(translateFault(thrown)).toMatchObject({ code: 'database_unavailable', details: { retryAfterSeconds: 5 } })
  })

  const ours: readonly [string, Error][] = [
    ['unique', fault('23505')],
    ['no such column', fault('42703', 'column "x" does not exist')],
    ['not a uuid', fault('22P02', 'invalid input syntax for type uuid: "zq7canary"')],
  ]
  test.each(ours)('%s is a mistake of ours: no statement, no parameter, no quoted value', (_, inner) => {
    const translated = translateFault(wrapped(inner))
    expect(translated).toBeInstanceOf(StatementFault)
    expect(JSON.stringify(translated) + String((translated as Error).stack)).not.toContain('zq7canary')
  })

  test('what is not of the database passes', () => {
    for (const thrown of [new HubError('conflict', 'x'), new TypeError('x'), new Error('x'), 'x', null])
      expect(translateFault(thrown)).toBe(thrown)
  })
})

test('deadlocks and serialization failures may be tried again, raw or translated; nothing else', () => {
  for (const code of ['40001', '40P01']) {
    expect(isRetryable(wrapped(fault(code)))).toBe(true)
    expect(isRetryable(translateFault(wrapped(fault(code))))).toBe(true)
  }
  for (const thrown of [fault('23505'), new Error('x'), null, undefined, 'x']) expect(isRetryable(thrown)).toBe(false)
})

test('the violated constraint is named', () => {
  const inner = Object.assign(fault('23505'), { constraint: 'users_username_living' })
  expect(violatedUnique(wrapped(inner))).toBe('users_username_living')
  expect(violatedUnique(fault('23503'))).toBeNull()
})

test('a server that is away is told apart from one that refuses', () => {
  expect(explainOpening(fault('ECONNREFUSED'))).toMatchObject({ code: 'database_unavailable' })
  expect(explainOpening(fault('28P01', 'password authentication failed for user "x"'))).toMatchObject({
    code: 'internal',
  })
})
