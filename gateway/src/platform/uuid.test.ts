import { expect, test } from 'vitest'
import { isId } from '../features/ids.ts'
import { mintUuid } from './uuid.ts'

test('mints uuids of version 4, each once', () => {
  const minted = Array.from({ length: 2000 }, () => mintUuid())
  expect(new Set(minted).size).toBe(minted.length)
  expect(minted.filter((id) => !isId(id) || !/^.{14}4.{4}[89ab]/.test(id))).toEqual([])
})

test('every random bit takes both values', () => {
  const bits = Array.from({ length: 256 }, () => mintUuid().replaceAll('-', '')).map((id) => BigInt(`0x${id}`))
  const ever = bits.reduce((sum, id) => sum | id, 0n)
  const always = bits.reduce((sum, id) => sum & id, (1n << 128n) - 1n)
  // all but the six bits of version and variant
  expect((ever ^ always).toString(2).replaceAll('0', '').length).toBe(122)
})
