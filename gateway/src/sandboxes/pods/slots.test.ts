// What a slot remembers of children that are over.
import { expect, test } from 'vitest'
import { makePodServer } from '../../../../test/kit/pod-world.ts'
import { Secret } from '../../secrets/secret.ts'
import { createChildSlot, forgetEnded, noteSecrets, presentOutput, type Slot } from './slots.ts'

const makeChild = (key: string, sessionId: string | null = key) =>
  createChildSlot('files-x', key, { userId: 'u', username: 'u', sessionId, discovery: false })

function makeSlot(): Slot {
  const identity = { name: 'files-x', userRef: 'h', kind: 'user' } as const
  const facts = { lastActiveAt: 0, isStopped: false, wrote: null }
  return { identity, server: makePodServer(), groups: [], children: new Map(), ...facts }
}

test('the last eight sessions that ended are remembered, and what runs or is no session always', () => {
  const slot = makeSlot()
  const children = [makeChild('shared', null), ...Array.from({ length: 20 }, (_, index) => makeChild(`s${index}`))]
  for (const child of children) {
    slot.children.set(child.key, child)
    child.retired.set({} as never, 0)
  }
  for (const child of children.filter(({ key }) => key !== 's0').toReversed()) {
    child.retired.clear()
    forgetEnded(slot, child)
  }
  expect([...slot.children.keys()].toSorted((one, other) => one.localeCompare(other))).toEqual([
    's0',
    's1',
    's2',
    's3',
    's4',
    's5',
    's6',
    's7',
    's8',
    'shared',
  ])
})

test('all values of the last start are hidden, however many, also those it shares with starts before', () => {
  const child = makeChild('s')
  const secrets = Array.from({ length: 100 }, (_, index) => new Secret(`value-${index}-of-100`))
  noteSecrets(child, secrets.slice(0, 1))
  noteSecrets(child, secrets)
  noteSecrets(child, secrets.slice(0, 70))
  const said = secrets.slice(0, 70).map((secret) => secret.reveal())
  expect(presentOutput(child, Buffer.from(said.join(' ')), 65_536)).not.toContain('value-')
  expect(child.secrets.length).toBe(70)
})

test('a value that was cut where the kept output begins does not show its rest', () => {
  const child = makeChild('s')
  noteSecrets(child, [new Secret('한-token-of-alice'), new Secret('abcdabcd')])
  const show = (cut: string): string => {
    const bytes = Buffer.concat([Buffer.from(cut), Buffer.from(' and more')])
    return presentOutput(child, bytes, bytes.length)
  }
  expect(show('n-of-alice')).toBe('[redacted] and more')
  expect(show('abcdabcd')).toBe('[redacted] and more')
  expect(show('other')).toBe('other and more')
  const half = Buffer.concat([Buffer.from('한').subarray(1), Buffer.from('-token-of-alice\n')])
  expect(presentOutput(child, half, half.length)).toBe('[redacted]\n')
  // nothing was cut
  expect(presentOutput(child, Buffer.from('alice says'), 65_536)).toBe('alice says')
})
