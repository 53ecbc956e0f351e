import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openValue, resealValue, SealFault, sealValue, type SealKey, type SealRing } from './seal.ts'

const makeKey = (id: string): SealKey => ({ id, key: randomBytes(32) })
const makeRing = (...keys: SealKey[]): SealRing => ({
  current: keys[0]!,
  find: (id) => keys.find((key) => key.id === id) ?? null,
})
const a = makeKey('a')
const b = makeKey('b')
const place = { owner: 'alice', name: 'USER_TOKEN' }

describe('sealValue and openValue', () => {
  test('round trip of any text, and the same text never looks the same twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const ring = makeRing(a)
        const [one, two] = [sealValue(ring, place, text), sealValue(ring, place, text)]
        expect(openValue(ring, place, one)).toBe(text)
        expect(one.bytes.equals(two.bytes)).toBe(false)
      }),
    )
  })

  test('SEC-1: a value in another place does not open, whatever the places are', () => {
    const text = fc.string({ maxLength: 20 })
    fc.assert(
      fc.property(text, text, text, text, (owner, name, owner2, name2) => {
        fc.pre(owner !== owner2 || name !== name2)
        const sealed = sealValue(makeRing(a), { owner, name }, 'value')
        expect(() => openValue(makeRing(a), { owner: owner2, name: name2 }, sealed)).toThrow(SealFault)
      }),
    )
  })

  test('SEC-1: any changed bit and any cut is noticed', () => {
    const sealed = sealValue(makeRing(a), place, 'value')
    for (let bit = 0; bit < sealed.bytes.length * 8; bit++) {
      const bytes = Buffer.from(sealed.bytes)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => openValue(makeRing(a), place, { ...sealed, bytes })).toThrow(SealFault)
    }
    for (let length = 0; length < sealed.bytes.length; length++) {
      const cut = { ...sealed, bytes: sealed.bytes.subarray(0, length) }
      expect(() => openValue(makeRing(a), place, cut)).toThrow(SealFault)
    }
  })

  test('another key, or another key under the same id, does not open it', () => {
    const sealed = sealValue(makeRing(a), place, 'value')
    expect(() => openValue(makeRing(b), place, sealed)).toThrow('unknown_key')
    expect(() => openValue(makeRing({ ...b, id: 'a' }), place, sealed)).toThrow('not_authentic')
    expect(() => openValue(makeRing(a, b), place, { ...sealed, keyId: 'b' })).toThrow('not_authentic')
  })

  test('no error holds the value', () => {
    const sealed = sealValue(makeRing(a), place, 'canary-value-123')
    try {
      openValue(makeRing(a), { ...place, owner: 'bob' }, sealed)
      expect.unreachable()
    } catch (thrown) {
      expect(String((thrown as Error).stack)).not.toContain('canary')
      expect((thrown as Error).cause).toBeUndefined()
    }
  })
})

test('resealValue: opens with the new key alone, in the same place alone; the old form still opens with the old key', () => {
  const old = sealValue(makeRing(a), place, 'value')
  const fresh = resealValue(makeRing(b, a), place, old)
  expect(fresh.keyId).toBe('b')
  expect(openValue(makeRing(b), place, fresh)).toBe('value')
  expect(openValue(makeRing(a), place, old)).toBe('value')
  expect(() => openValue(makeRing(b), { ...place, owner: 'bob' }, fresh)).toThrow(SealFault)
  expect(() => resealValue(makeRing(b, a), { ...place, owner: 'bob' }, old)).toThrow(SealFault)
})
