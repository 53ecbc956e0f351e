import fc from 'fast-check'
import { expect, test } from 'vitest'
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
