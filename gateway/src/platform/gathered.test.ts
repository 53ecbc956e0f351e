import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Gathered } from './gathered.ts'

test('what was added comes out whole, in order, however it was cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9000 }), { maxLength: 12 }), (pieces) => {
      const gathered = new Gathered()
      for (const piece of pieces) gathered.add(Buffer.from(piece))
      const whole = Buffer.concat(pieces)
      expect(gathered.bytes).toBe(whole.length)
      expect(gathered.view.equals(whole)).toBe(true)
      expect(gathered.take().equals(whole)).toBe(true)
      expect(gathered.bytes).toBe(0)
    }),
  )
})

test('pieces lie in memory that is used again: they are copied', () => {
  const gathered = new Gathered()
  const memory = Buffer.from('one')
  gathered.add(memory)
  memory.write('two')
  gathered.add(memory)
  memory.fill(0)
  expect(gathered.take().toString()).toBe('onetwo')
})

test('what was taken is not written over by what comes next', () => {
  const gathered = new Gathered()
  for (const part of ['fir', 'st']) gathered.add(Buffer.from(part))
  const first = gathered.take()
  for (const part of ['sec', 'ond']) gathered.add(Buffer.from(part))
  expect([first.toString(), gathered.take().toString()]).toEqual(['first', 'second'])
})
