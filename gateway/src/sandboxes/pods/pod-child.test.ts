// A shim that does not keep to the credit it has.
import { expect, test } from 'vitest'
import { FRAMES, HEADER_BYTES } from './frames.ts'
import { PodChild } from './pod-child.ts'

const MIB = 1024 * 1024

function makeChild(): { child: PodChild; sent: Buffer[] } {
  const sent: Buffer[] = []
  const options = { number: 1, sandboxId: 's', incarnation: 'i', fingerprint: 'f', pid: 1, now: () => 0 }
  return { child: new PodChild({ ...options, send: (frame) => void sent.push(frame) }), sent }
}

test('lines that nobody takes are held up to a bound, then they are a fault', () => {
  const { child } = makeChild()
  child.pause()
  const line = Buffer.alloc(MIB - HEADER_BYTES)
  for (let count = 0; count < 20; count++) child.receiveLine(line)
  expect(() => child.receiveLine(line)).toThrow('credit')
})

test('lines that are taken may go on for ever, and their credit is given back', () => {
  const { child, sent } = makeChild()
  let taken = 0
  child.onLine(() => void (taken += 1))
  const line = Buffer.alloc(MIB - HEADER_BYTES)
  for (let count = 0; count < 100; count++) child.receiveLine(line)
  expect(taken).toBe(100)
  expect(sent.map((frame) => [frame[4], frame.readUInt32BE(HEADER_BYTES)])).toEqual(
    Array.from({ length: 100 }, () => [FRAMES.CREDIT, MIB]),
  )
})

test('what comes after its end is not held', async () => {
  const { child } = makeChild()
  child.pause()
  await child.end('idle')
  for (let count = 0; count < 100; count++) child.receiveLine(Buffer.alloc(MIB))
  expect(child.gone).toBe(true)
})
