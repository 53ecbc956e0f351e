// What is sealed opens for the same purpose and binding alone; ids that clients compare stay the same.
import { describe, expect, test } from 'vitest'
import { createSealer, createStableSealer } from './sealer.ts'

const OLD = Buffer.alloc(32, 1)
const NEW = Buffer.alloc(32, 2)
const value = { s: 'one', n: 'job', t: '1' }
const makers = [
  ['createSealer', createSealer],
  ['createStableSealer', createStableSealer],
] as const

describe.each(makers)('%s', (_, create) => {
  const sealer = create(() => [OLD], 'task', 'alice')

  test('opens what it sealed, also after the key changed', () => {
    const text = sealer.seal(value)
    expect(sealer.open(text)).toEqual(value)
    expect(create(() => [NEW, OLD], 'task', 'alice').open(text)).toEqual(value)
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain('job')
  })

  test('SES-6: opens nothing of another purpose, binding or key, and nothing changed', () => {
    const text = sealer.seal(value)
    const others = [create(() => [OLD], 'cursor', 'alice'), create(() => [OLD], 'task', 'bob')]
    expect([...others, create(() => [NEW], 'task', 'alice')].map((other) => other.open(text))).toEqual([
      null,
      null,
      null,
    ])
    for (const at of [0, 20, text.length - 1]) {
      const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'Q' : 'A'}${text.slice(at + 1)}`
      expect(sealer.open(changed)).toBeNull()
    }
  })
})

test('a stable sealer calls the same thing the same, and nothing else; the other one never does', () => {
  const stable = createStableSealer(() => [OLD], 'task', 'alice')
  expect(stable.seal(value)).toBe(createStableSealer(() => [OLD], 'task', 'alice').seal({ ...value }))
  const nonces = [
    stable.seal(value),
    stable.seal({ ...value, t: '2' }),
    createStableSealer(() => [OLD], 'task', 'bob').seal(value),
    createStableSealer(() => [NEW], 'task', 'alice').seal(value),
    createSealer(() => [OLD], 'task', 'alice').seal(value),
    createSealer(() => [OLD], 'task', 'alice').seal(value),
  ].map((text) => text.slice(0, 16))
  expect(new Set(nonces).size).toBe(nonces.length)
})
