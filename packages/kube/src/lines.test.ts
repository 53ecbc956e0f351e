// Lines, however the bytes are cut.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readLines } from './lines.ts'

async function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0
  for (let at = 0; from < bytes.length; at++) {
    const size = sizes[at % sizes.length]!
    yield bytes.subarray(from, from + size)
    from += size
  }
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const line of lines) all.push(line)
  return all
}

test('the cuts do not matter, within a character either', async () => {
  const lines = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\n')))
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 })
  await fc.assert(
    fc.asyncProperty(lines, sizes, async (given, cut) => {
      const bytes = Buffer.from(given.map((line) => `${line}\n`).join('') + 'unfinished')
      expect(await collect(readLines(chunksOf(bytes, cut), 1000))).toEqual(given)
    }),
  )
})

test('a line that is too long ends it', async () => {
  const all = collect(readLines(chunksOf(Buffer.alloc(100, 'x'), [10]), 50))
  await expect(all).rejects.toThrow(RangeError)
})
