// Who hears of what, and what a page that was away is told.
import { expect, test } from 'vitest'
import { NewsBook, concerns, type Hearer } from './news-book.ts'

const alice: Hearer = { userId: 'alice', isStaff: false }
const admin: Hearer = { userId: 'root', isStaff: true }
const topicsOf = (found: ReadonlySet<string> | null): string[] | null => found && [...found]

test('a member hears what concerns them and everybody; of administration not a word', () => {
  const book = new NewsBook()
  const from = book.lastId(alice)
  book.add({ userId: 'alice' }, ['keys'])
  book.add({ userId: 'bob' }, ['groups'])
  book.add('all', ['tools'])
  book.add('staff', ['audit'])
  expect(topicsOf(book.since(from, alice))).toEqual(['keys', 'tools'])
  expect(topicsOf(book.since(book.idOf(admin, 0), admin))).toEqual(['tools', 'audit'])
  expect(topicsOf(book.since(book.lastId(alice), alice))).toEqual([])
  expect(concerns({ number: 1, at: 0, audience: 'staff', topics: [] }, alice)).toBe(false)
})

test('what is too long ago, of another replica, of the future or no id at all is not known', () => {
  const book = new NewsBook()
  const first = book.lastId(alice)
  book.add('all', ['tools'])
  const second = book.lastId(alice)
  for (let at = 0; at < 1_024; at++) book.add('all', ['me'])
  expect(book.since(first, alice)).toBeNull()
  expect(topicsOf(book.since(second, alice))).toEqual(['me'])
  for (let at = 0; at < 5_000; at++) book.add('all', ['me'])
  expect(book.since(second, alice)).toBeNull()
  for (const id of [new NewsBook().lastId(alice), book.idOf(alice, 1e9), '', 'x', `${book.lastId(alice)}\n`])
    expect(book.since(id, alice)).toBeNull()
})

test("an id is its hearer's alone: what somebody else missed is not known", () => {
  const book = new NewsBook()
  const id = book.lastId(alice)
  expect(id).not.toContain('alice')
  expect(book.since(id, admin)).toBeNull()
  expect(topicsOf(book.since(id, { ...alice, isStaff: true }))).toEqual([])
})

test('what changed in the last moments is known since the book began, until it is too much', async () => {
  const began = performance.now()
  const ageOf = (): number => performance.now() - began
  const book = new NewsBook()
  expect(book.lately(ageOf() + 1, alice)).toBeNull()
  expect(topicsOf(book.lately(0, alice))).toEqual([])
  // the clock goes on
  const until = performance.now()
  await expect.poll(() => performance.now() - until).toBeGreaterThan(2)
  const before = performance.now()
  book.add({ userId: 'alice' }, ['keys'])
  book.add('staff', ['audit'])
  const since = (): number => performance.now() - before
  expect(topicsOf(book.lately(since(), alice))).toEqual(['keys'])
  expect(topicsOf(book.lately(since(), admin))).toEqual(['audit'])
  expect(topicsOf(book.lately(since() - 1e6, alice))).toEqual([])
  for (let at = 0; at < 5_000; at++) book.add('all', ['me'])
  expect(book.lately(since(), alice)).toBeNull()
})

test('it is known whether anybody listens', () => {
  const said: boolean[] = []
  const book = new NewsBook((isListening) => said.push(isListening))
  const stops = [book.listen(() => undefined), book.listen(() => undefined)]
  for (const stop of stops) {
    stop()
    stop()
  }
  expect(said).toEqual([true, false])
})
