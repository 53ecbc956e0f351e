import { expect, test } from 'vitest'
import { lend } from './blocks.ts'

const keep = (bytes: Buffer) =>
  lend(bytes, (copy, giveBack) => ({
    copy,
    giveBack,
  }))

test('a copy has its own bytes alone, whatever stood in its memory before, and memory is used again only when it was given back', () => {
  const first = keep(Buffer.alloc(60_000, 'a'))
  const second = keep(Buffer.alloc(50_000, 'b'))
  expect(second.copy.buffer).not.toBe(first.copy.buffer)
  const { buffer } = first.copy
  first.giveBack!()
  const third = keep(Buffer.alloc(5_000, 'c'))
  expect(third.copy.buffer).toBe(buffer)
  expect(third.copy.equals(Buffer.alloc(5_000, 'c'))).toBe(true)
  expect(second.copy.equals(Buffer.alloc(50_000, 'b'))).toBe(true)
})

test("the copy does not change with the memory it was made of; small and huge ones are nobody else's", () => {
  for (const size of [10, 5_000, 200_000]) {
    const source = Buffer.alloc(size, 'x')
    const { copy, giveBack } = keep(source)
    source.fill('y')
    expect(copy.equals(Buffer.alloc(size, 'x'))).toBe(true)
    expect(giveBack === undefined).toBe(size !== 5_000)
  }
})
