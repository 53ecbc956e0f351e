import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LineReader } from './line-reader.ts'

function collect(limit: number): { reader: LineReader; lines: string[]; tooLong: () => number } {
  const lines: string[] = []
  let broken = 0
  const reader = new LineReader(limit, { line: (line) => lines.push(line.toString('latin1')), tooLong: () => broken++ })
  return { reader, lines, tooLong: () => broken }
}

test('lines come out whole however the bytes were cut', () => {
  const line = fc.string({ unit: fc.constantFrom('a', '{', '"', '\t', 'é'), minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(40)), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''), 'latin1')
      const { reader, lines: got } = collect(1_000)
      let from = 0
      for (const cut of cuts) reader.push(bytes.subarray(from, (from = Math.min(from + cut, bytes.length))))
      reader.push(bytes.subarray(from))
      expect(got).toEqual(lines)
    }),
  )
})

test('empty lines and carriage returns are dropped', () => {
  const { reader, lines } = collect(100)
  reader.push(Buffer.from('\n\r\na\r\n\nb\n'))
  expect(lines).toEqual(['a', 'b'])
})

test('a line at the limit passes, one byte more is told once and ends it', () => {
  const { reader, lines, tooLong } = collect(4)
  reader.push(Buffer.from('abcd\nab'))
  reader.push(Buffer.from('cd'))
  expect(tooLong()).toBe(0)
  reader.push(Buffer.from('e\nnext\n'))
  reader.push(Buffer.from('more\n'.repeat(3)))
  expect([lines, tooLong()]).toEqual([['abcd'], 1])
})

test('a listener that pauses in the middle of a chunk gets the rest after resume', () => {
  const lines: string[] = []
  const reader: LineReader = new LineReader(100, {
    line(line) {
      lines.push(line.toString())
      reader.pause()
    },
    tooLong: () => undefined,
  })
  reader.push(Buffer.from('a\nb\nc'))
  reader.push(Buffer.from('d\n'))
  expect(lines).toEqual(['a'])
  reader.resume()
  expect(lines).toEqual(['a', 'b'])
  reader.resume()
  expect(lines).toEqual(['a', 'b', 'cd'])
})

test('a line that was handed out is not overwritten by the next', () => {
  const kept: Buffer[] = []
  const reader = new LineReader(100, { line: (line) => kept.push(line), tooLong: () => undefined })
  for (const part of ['fir', 'st\nsec', 'ond\n']) reader.push(Buffer.from(part))
  expect(kept.map(String)).toEqual(['first', 'second'])
})
