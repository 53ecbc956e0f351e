// R6-4: whose credentials a server refused.
import { HubError } from '@mcphub/api'
import { expect, test } from 'vitest'
import { statusFault } from './faults.ts'
import { HealthBook } from './health-book.ts'

const alice = { userId: 'u-alice', version: '1' }

test('R6-4: a refusal is of the person whose values were sent, until the server takes what is sent for them', () => {
  const book = new HealthBook()
  book.note('tickets', statusFault('tickets', 401), alice)
  expect(book.refusal('tickets', 'u-alice')).toMatchObject({ version: '1', message: expect.stringContaining('401') })
  expect([book.refusal('tickets', 'u-bob'), book.refusal('other', 'u-alice')]).toEqual([null, null])
  book.note('tickets', null, { userId: 'u-bob', version: '2' })
  expect(book.refusal('tickets', 'u-alice')).not.toBeNull()
  book.note('tickets', null, alice)
  expect(book.refusal('tickets', 'u-alice')).toBeNull()
})

test('R6-4: what is refused on nobody’s behalf concerns everybody; other faults are no refusals', () => {
  const book = new HealthBook()
  book.note('wiki', statusFault('wiki', 403), { userId: null, version: '1' })
  expect(book.refusal('wiki', 'u-alice')).not.toBeNull()
  book.note('mail', statusFault('mail', 500), alice)
  book.note('mail', new HubError('upstream_lost', 'lost'), alice)
  expect(book.refusal('mail', 'u-alice')).toBeNull()
})
