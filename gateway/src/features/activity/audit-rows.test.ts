import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AuditRecord } from '../audit.ts'
import { AUDIT_COLUMNS, decodeRow, encodeRow } from './audit-rows.ts'
import { neutralText } from '../neutral-text.ts'
import { RowBuffer, rowsOf } from './row-buffer.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 300 })
const plain = fc.stringMatching(/^[\x20-\x7e]{0,64}$/)
const record: fc.Arbitrary<AuditRecord> = fc.record({
  at: fc.integer({ min: 0, max: 4_102_444_800_000 }),
  requestId: text,
  userId: fc.option(plain),
  keyId: fc.option(plain),
  sessionId: fc.option(text),
  kind: fc.constantFrom('mcp', 'admin', 'auth'),
  action: text,
  server: fc.option(text),
  target: fc.option(text),
  outcome: fc.constantFrom('ok', 'error', 'refused', 'canceled'),
  code: fc.option(fc.constantFrom('canceled', 'not_found')),
  durationMs: fc.integer({ min: 0, max: 1e9 }).map((us) => us / 1000),
  argumentsHash: fc.option(plain),
  via: fc.constantFrom('key', 'console', null),
  // JSON knows no -0
  detail: fc.option(
    fc
      .record({ before: fc.jsonValue(), after: fc.jsonValue() })
      .map((detail) => JSON.parse(JSON.stringify(detail)) as typeof detail),
  ),
})

test('a row is one line with a field for each column, and read back it is the record, its text made harmless', () => {
  fc.assert(
    fc.property(record, (one) => {
      const row = encodeRow(one)
      expect(row.indexOf('\n')).toBe(row.length - 1)
      expect(row.split('\t')).toHaveLength(AUDIT_COLUMNS.split(',').length)
      const back = decodeRow(row.slice(0, -1))
      const neutral = (value: string | null) => (value === null ? null : neutralText(value))
      expect(back).toEqual({
        ...one,
        id: back.id,
        requestId: neutralText(one.requestId),
        sessionId: neutral(one.sessionId),
        action: neutralText(one.action),
        server: neutral(one.server),
        target: neutral(one.target),
      })
    }),
  )
})

test('rows come out whole, once and in order, however they fill the pieces of memory', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ maxLength: 60_000, size: 'max' }), fc.constant(null)), { maxLength: 40 }),
      (steps) => {
        const buffer = new RowBuffer()
        const put: string[] = []
        let got = ''
        const take = () => {
          const piece = buffer.first()
          if (piece === null) return
          // what comes while a piece is written goes elsewhere
          buffer.add('late\n')
          put.push('late\n')
          got += rowsOf(piece).toString()
          buffer.drop()
        }
        for (const step of steps) {
          if (step === null) take()
          else {
            buffer.add(`${step}\n`)
            put.push(`${step}\n`)
          }
        }
        for (let piece = buffer.first(); piece !== null; piece = buffer.first()) {
          got += rowsOf(piece).toString()
          buffer.drop()
        }
        expect(got === Buffer.from(put.join('')).toString()).toBe(true)
        expect(buffer.rows).toBe(0)
      },
    ),
    { numRuns: 60 },
  )
})
