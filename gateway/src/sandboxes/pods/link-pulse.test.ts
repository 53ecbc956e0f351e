// When a silent connection is given up, in looks.
import { expect, test } from 'vitest'
import { LinkPulse, LOOK_MS } from './link-pulse.ts'

/** What looks come to while nothing is heard, up to the end. */
function looksOf(pulse: LinkPulse, isAwaited: (look: number) => boolean): string[] {
  const seen: string[] = []
  for (let look = 0; look < 100 && seen.at(-1) !== 'give up'; look++) seen.push(pulse.look(isAwaited(look)))
  return seen
}

test('while a call waits: four pings without an answer, then the end, within 15 s', () => {
  const seen = looksOf(new LinkPulse(), () => true)
  expect(seen).toEqual(['ping', 'ping', 'ping', 'ping', 'give up'])
  // the last sign of life came just after a look, or just before one
  expect([(seen.length - 1) * LOOK_MS, seen.length * LOOK_MS]).toEqual([12_000, 15_000])
})

test('while none does: a ping every 21 s, the end within a minute', () => {
  const seen = looksOf(new LinkPulse(), () => false)
  expect(seen.flatMap((what, look) => (what === 'ping' ? [(look + 1) * LOOK_MS] : []))).toEqual([21_000, 42_000])
  // the last sign of life came just before a look, or just after one
  expect([(seen.length - 1) * LOOK_MS, seen.length * LOOK_MS]).toEqual([57_000, 60_000])
})

test('a call that comes to a silent connection waits no longer', () => {
  const seen = looksOf(new LinkPulse(), (look) => look >= 14)
  expect(seen.slice(14)).toEqual(['ping', 'ping', 'give up'])
})

test('any sign of life begins anew, however late it is read', () => {
  const pulse = new LinkPulse()
  for (let round = 0; round < 50; round++) {
    for (let look = 0; look < 4; look++) expect(pulse.look(true)).toBe('ping')
    pulse.heard()
  }
})
