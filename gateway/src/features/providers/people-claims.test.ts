// The claims of all people in memory: what changed is known, what ends by time ends, what could not be read is read again.
import { expect, onTestFinished, test, vi } from 'vitest'
import { until } from '../../../../test/kit/wait-until.ts'
import type { ChangeListener } from '../../db/unit.ts'
import type { HeldClaim } from './claims-store.ts'
import { createPeopleClaims } from './people-claims.ts'

const DAY_MS = 24 * 3_600_000
const START = Date.parse('2026-01-01T00:00:00Z')

async function make(rows: HeldClaim[]) {
  let now = START
  let isAway = false
  let tell: ChangeListener = () => undefined
  const faults: string[] = []
  const told: string[][] = []
  const people = createPeopleClaims({
    store: {
      load: async (userIds) => {
        if (isAway) throw new Error('the database is away')
        return rows.filter(({ userId, expiresAt }) => (userIds?.includes(userId) ?? true) && expiresAt.getTime() > now)
      },
      removeExpired: async () => undefined,
    },
    changes: { subscribe: (_topic, listener) => ((tell = listener), () => undefined) },
    onFault: (step) => faults.push(step),
    now: () => now,
    lookMs: 5,
  })
  people.onChange((userIds) => told.push([...userIds]))
  await people.start()
  onTestFinished(() => people.stop())
  return {
    ...{ people, told, faults },
    pass: (ms: number) => void (now += ms),
    change: (userIds: string[] | null) => tell(userIds === null ? null : new Set(userIds)),
    cut: (away: boolean) => void (isAway = away),
  }
}

const claim = (userId: string, value: string, days = 30): HeldClaim => ({
  ...{ userId, name: 'groups', value },
  expiresAt: new Date(START + days * DAY_MS),
})

test('each person their own, the same array until something changes; nobody else has any', async () => {
  const rows = [claim('alice', 'developers'), claim('alice', 'writers'), claim('bob', 'developers')]
  const { people, change, told } = await make(rows)
  const before = people.of('alice')
  expect(before).toEqual([
    { name: 'groups', value: 'developers' },
    { name: 'groups', value: 'writers' },
  ])
  expect(people.of('carol')).toEqual([])
  told.length = 0
  rows.splice(1, 1)
  change(['alice', 'bob'])
  await until(() => expect(told).toEqual([['alice']]))
  expect(people.of('alice')).toEqual([{ name: 'groups', value: 'developers' }])
  const bobs = people.of('bob')
  change(null)
  change(['bob'])
  await until(() => expect(people.of('bob')).toBe(bobs))
})

test('what ends by time is gone at that moment, and told', async () => {
  const { people, pass, told } = await make([claim('alice', 'short', 7), claim('alice', 'long', 30)])
  told.length = 0
  pass(7 * DAY_MS - 1)
  expect(people.of('alice')).toHaveLength(2)
  pass(1)
  expect(people.of('alice')).toEqual([{ name: 'groups', value: 'long' }])
  await until(() => expect(told).toEqual([['alice']]))
  pass(23 * DAY_MS)
  expect(people.of('alice')).toEqual([])
  await until(() => expect(told).toEqual([['alice'], ['alice']]))
})

test('while the database is away what was known counts; what was missed meanwhile is read as soon as it is back', async () => {
  const rows = [claim('alice', 'developers')]
  const { people, change, cut, faults } = await make(rows)
  rows.length = 0
  cut(true)
  change(['alice'])
  await until(() => expect(faults.length).toBeGreaterThan(1))
  expect(people.of('alice')).toHaveLength(1)
  cut(false)
  await vi.waitFor(() => expect(people.of('alice')).toEqual([]))
})
