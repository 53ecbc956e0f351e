import { expect, test } from 'vitest'
import { Contact } from './contact.ts'

test('contact lasts from the first answer, and begins anew with the first one after a break', () => {
  let nowMs = 500_000
  const contact = new Contact(10_000, () => nowMs)
  expect(contact.lastedMs()).toBe(0)
  contact.heard()
  for (let n = 0; n < 10; n++) {
    nowMs += 10_000
    contact.heard()
  }
  nowMs += 3000
  expect(contact.lastedMs()).toBe(103_000)
  nowMs += 7001
  contact.heard()
  nowMs += 2000
  expect(contact.lastedMs()).toBe(2000)
})
