import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../secrets/secret.ts'
import { neutraliseControls, StderrRing } from './stderr-ring.ts'

test('it holds the last bytes, whatever came', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 9000 }), { maxLength: 20 }), (parts) => {
      const ring = new StderrRing(10_000)
      for (const part of parts) ring.write(Buffer.from(part))
      expect(ring.read()).toBe(neutraliseControls(parts.join('').slice(-10_000)))
    }),
  )
})

test('what could steer a terminal or hide text is shown as its escape', () => {
  expect(neutraliseControls('a\u001b[2Jb\r\nc\td\u202ee\u0000\u009b')).toBe('a\\u001b[2Jb\nc\td\\u202ee\\u0000\\u009b')
})

test('bytes that are no UTF-8 are replaced', () => {
  const ring = new StderrRing(100)
  ring.write(Buffer.from([0x61, 0xff, 0x62]))
  expect(ring.read()).toBe('a\ufffdb')
})

test('values the child was given are hidden, also when they came in pieces', () => {
  const ring = new StderrRing(100)
  ring.redact([new Secret('hunter22'), new Secret('ab')])
  ring.write(Buffer.from('token hun'))
  ring.write(Buffer.from('ter22 ab'))
  expect(ring.read()).toBe('token [redacted] ab')
})

describe('in parts', () => {
  const SECRETS = [new Secret('hunter22'), new Secret('비밀번호'), new Secret('22ab22'), new Secret('line\nbreak')]
  const WORDS = [
    'hunter22',
    'hunt',
    'er22',
    '22ab',
    '22',
    'ab22',
    '한글 ',
    '비밀',
    '번호',
    '\r\n',
    '\r',
    '😀',
    'line\n',
    'break',
    '\u001b',
  ]
  const TAIL = '.\n'

  test('they say what it says as a whole, wherever values, characters and line breaks were cut, and never a value', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...WORDS), { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
        (words, sizes) => {
          const bytes = Buffer.from(words.join('') + TAIL)
          const ring = new StderrRing(10_000)
          ring.redact(SECRETS)
          let [mark, text, at]: [string | null, string, number] = [null, '', 0]
          for (let turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length]!
            ring.write(bytes.subarray(at, at + size))
            at += size
            const part = ring.readFrom(mark)
            expect(part.hasGap).toBe(false)
            mark = part.mark
            text += part.text
          }
          expect(text).toBe(ring.read())
          for (const secret of SECRETS) expect(text).not.toContain(secret.reveal())
        },
      ),
    )
  })

  test('any place may be asked from, and half a value is not to be had by it', () => {
    const ring = new StderrRing(1_000)
    ring.redact(SECRETS)
    ring.write(Buffer.from('token hunter22 and more\n'))
    const [name] = ring.readFrom(null).mark.split('-')
    for (let offset = 0; offset <= 24; offset++) {
      const part = ring.readFrom(`${name}-${offset}`)
      expect(part.hasGap).toBe(false)
      const rest =
        offset <= 6 ? `${'token '.slice(offset)}[redacted] and more\n` : ' and more\n'.slice(Math.max(0, offset - 14))
      expect([offset, part.text]).toEqual([offset, rest])
    }
  })

  test('what is held no more, and a mark of another ring, is said to be missing; then it goes on', () => {
    const ring = new StderrRing(10)
    ring.write(Buffer.from('0123456789'))
    const { mark } = ring.readFrom(null)
    ring.write(Buffer.from('abcdefghijkl'))
    const late = ring.readFrom(mark)
    expect(late).toMatchObject({ text: 'cdefghijkl', hasGap: true })
    expect(ring.readFrom(late.mark)).toEqual({ text: '', mark: late.mark, hasGap: false })
    const { mark: foreign } = new StderrRing(10).readFrom(null)
    const [name] = mark.split('-')
    for (const odd of [foreign, `${name}-99`, `${name}--1`, `${name}-1e1`, 'x', ''])
      expect([odd, ring.readFrom(odd).hasGap]).toEqual([odd, true])
    ring.skip()
    ring.write(Buffer.from('new'))
    expect(ring.readFrom(late.mark)).toMatchObject({ text: 'new', hasGap: true })
  })
})
