import { expect, test } from 'vitest'
import { isId } from '../features/ids.ts'
import { mintUuid } from './uuid.ts'

test('mints uuids of version 7, each once', () => {
  const minted = Array.from({ length: 2000 }, () => mintUuid())
  expect(new Set(minted).size).toBe(minted.length)
  expect(minted.filter((id) => !isId(id) || !/^.{8}-.{4}-7.{3}-[89ab]/.test(id))).toEqual([])
})

test('an id begins with its millisecond, so that later ones sort behind', () => {
  const before = Date.now()
  const minted = Array.from({ length: 1000 }, () => mintUuid())
  const after = Date.now()
  const times = minted.map((id) => Number.parseInt(id.replace('-', '').slice(0, 12), 16))
  expect(times.every((at) => at >= before && at <= after)).toBe(true)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
})

test('every random bit takes both values', () => {
  const bits = Array.from({ length: 256 }, () => mintUuid().replaceAll('-', '').slice(12)).map((id) =>
    BigInt(`0x${id}`),
  )
  const ever = bits.reduce((sum, id) => sum | id, 0n)
  const always = bits.reduce((sum, id) => sum & id, (1n << 80n) - 1n)
  // all but the six bits of version and variant
  expect((ever ^ always).toString(2).replaceAll('0', '').length).toBe(74)
})
