// Who hears of what, and what a page that was away is told.
import { expect, test } from 'vitest'
import { NewsBook, concerns, type Hearer } from './news-book.ts'

const alice: Hearer = { userId: 'alice', isStaff: false }
const admin: Hearer = { userId: 'root', isStaff: true }
const topicsOf = (found: ReadonlySet<string> | null): string[] | null => found && [...found]

test('a member hears what concerns them and everybody; of administration not a word', () => {
  const book = new NewsBook()
  const from = book.lastId
  book.add({ userId: 'alice' }, ['keys'])
  book.add({ userId: 'bob' }, ['groups'])
  book.add('all', ['tools'])
  book.add('staff', ['audit'])
  expect(topicsOf(book.since(from, alice))).toEqual(['keys', 'tools'])
  expect(topicsOf(book.since(from, admin))).toEqual(['tools', 'audit'])
  expect(topicsOf(book.since(book.lastId, alice))).toEqual([])
  expect(concerns({ number: 1, audience: 'staff', topics: [] }, alice)).toBe(false)
})

test('what is too long ago, of another replica, of the future or no id at all is not known', () => {
  const book = new NewsBook()
  const first = book.lastId
  book.add('all', ['tools'])
  const second = book.lastId
  for (let at = 0; at < 1_024; at++) book.add('all', ['me'])
  expect(book.since(first, alice)).toBeNull()
  expect(topicsOf(book.since(second, alice))).toEqual(['me'])
  for (let at = 0; at < 5_000; at++) book.add('all', ['me'])
  expect(book.since(second, alice)).toBeNull()
  for (const id of [new NewsBook().lastId, book.idOf(1e9), '', 'x', `${book.lastId}\n`])
    expect(book.since(id, alice)).toBeNull()
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
