import { expect, test } from 'vitest'
import { summarise } from './summarise-effect.ts'

const moved = (server: string, tools: number | null) => ({ server, people: 12, names: [], tools })

test('who loses and who gains, and how much of what is known', () => {
  expect(summarise({ lose: [], gain: [] }).way).toBe('nothing')
  const lost = summarise({ lose: [moved('a', 3), moved('b', null)], gain: [] })
  expect(lost).toMatchObject({ way: 'lose', lost: { servers: 2, tools: 3 } })
  expect(summarise({ lose: [], gain: [moved('a', null)] })).toMatchObject({
    way: 'gain',
    gained: { servers: 1, tools: null },
  })
  expect(summarise({ lose: [moved('a', 1)], gain: [moved('b', 0)] })).toMatchObject({
    way: 'both',
    gained: { tools: 0 },
  })
})
