import { expect, test } from 'vitest'
import { InFlight, type Listed } from './in-flight.ts'

interface Named extends Listed {
  readonly name: string
}

const named = (name: string): Named => ({ name, listed: null, listNext: null, listPrevious: null })
const names = (list: Iterable<Named>): string => Array.from(list, ({ name }) => name).join('')

test('keeps the order in which they came, whoever leaves', () => {
  const [a, b, c, d] = [named('a'), named('b'), named('c'), named('d')] as const
  const list = new InFlight<Named>()
  for (const one of [a, b, c, d]) list.add(one)
  expect(names(list)).toBe('abcd')
  list.delete(b)
  expect(names(list)).toBe('acd')
  list.delete(d)
  list.delete(a)
  expect([names(list), list.size]).toEqual(['c', 1])
  list.add(a)
  expect(names(list)).toBe('ca')
  list.delete(c)
  list.delete(a)
  expect([names(list), list.size]).toEqual(['', 0])
})

test('nobody is in it twice, and a stranger who leaves takes nobody along', () => {
  const [a, b] = [named('a'), named('b')]
  const list = new InFlight<Named>()
  const other = new InFlight<Named>()
  list.add(a)
  list.add(a)
  other.add(b)
  list.delete(b)
  expect([names(list), list.size, names(other), other.size]).toEqual(['a', 1, 'b', 1])
  list.delete(a)
  list.delete(a)
  expect(list.size).toBe(0)
})

test('who leaves during a walk disturbs nobody, and holds on to nobody afterwards', () => {
  const all = [named('a'), named('b'), named('c')]
  const list = new InFlight<Named>()
  for (const one of all) list.add(one)
  const seen: string[] = []
  for (const one of list) {
    seen.push(one.name)
    for (const each of all) list.delete(each)
  }
  expect(seen.join('')).toBe('abc')
  expect(all.every((one) => one.listNext === null && one.listPrevious === null)).toBe(true)
})
