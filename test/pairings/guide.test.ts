// The guide says what the matrix says.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { FEATURES, PENDING } from './features.ts'
import { renderGuide } from './guide.ts'
import { DOWNSTREAMS, expectedOf, UPSTREAMS } from './matrix.ts'

const guide = readFileSync(path.join(import.meta.dirname, '../../docs/guides/protocol.md'), 'utf8')

test('R4-2g: the tables of the guide are those of the tests (else: npm run docs:protocol)', () => {
  expect(renderGuide(guide)).toBe(guide)
})

test('every row of the matrix has a name of its own and stands in the guide', () => {
  const names = FEATURES.map(({ area, title }) => `${area}: ${title}`)
  expect(new Set(names).size).toBe(names.length)
  expect(FEATURES.filter(({ title }) => !guide.includes(`| ${title} |`))).toEqual([])
})

test('every rule of a row decides at least one pairing', () => {
  const idle = FEATURES.flatMap((feature) =>
    (feature.rules ?? []).filter((rule) => {
      const without = { ...feature, rules: feature.rules!.filter((one) => one !== rule) }
      return DOWNSTREAMS.every((down) =>
        UPSTREAMS.every((up) => expectedOf(feature, down, up) === expectedOf(without, down, up)),
      )
    }),
  )
  expect(idle).toEqual([])
})

test('what is put off is a row, and says why', () => {
  const titles = new Set(FEATURES.map(({ title }) => title))
  expect(PENDING.filter((one) => one.reason === '' || !one.titles.every((title) => titles.has(title)))).toEqual([])
})
