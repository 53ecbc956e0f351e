import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../secrets/secret.ts'
import { countKnown, noteLast, type PodOutput, readOutput } from './pod-output.ts'

const CAPACITY = 200
const lastOf = (text: string): Buffer => Buffer.from(text).subarray(-CAPACITY)

describe('what is new in the last bytes', () => {
  test('is what follows on those that were there, also once the oldest are gone', () => {
    const words = fc.array(fc.integer({ min: 0, max: 9_999 }), { maxLength: 20 })
    fc.assert(
      fc.property(words, words, (earlier, later) => {
        // no two lines are the same
        const lines = [...earlier, ...later].map((word, index) => `${index}: ${word}\n`)
        const before = lastOf(lines.slice(0, earlier.length).join(''))
        const whole = lastOf(lines.join(''))
        const known = countKnown(before, whole, CAPACITY)
        const added = lines.slice(earlier.length).join('')
        if (before.length > 0 && added.length <= CAPACITY - 80) {
          expect(whole.subarray(known!).toString()).toBe(added)
        } else if (before.length === 0 && whole.length < CAPACITY) expect(known).toBe(0)
      }),
    )
  })

  test('is everything, with something missing, where none of them is there any more', () => {
    expect(countKnown(Buffer.from('old'.repeat(40)), Buffer.from('n'.repeat(CAPACITY)), CAPACITY)).toBeNull()
    expect(countKnown(Buffer.alloc(0), Buffer.alloc(CAPACITY), CAPACITY)).toBeNull()
    // shorter than before, or otherwise begun: another child's
    expect(countKnown(Buffer.from('abcdef'), Buffer.from('abc'), CAPACITY)).toBeNull()
    expect(countKnown(Buffer.from('abc'), Buffer.from('bcd'), CAPACITY)).toBeNull()
  })
})

test('one stream over several lives, the last words of each included, values hidden', async () => {
  const said = new Map([['one', 'first\n']])
  const life = (incarnation: string) => ({
    incarnation,
    readStderr: async () => Buffer.from(said.get(incarnation) ?? ''),
  })
  const speaker = {
    current: life('one') as ReturnType<typeof life> | null,
    secrets: [new Secret('hunter22')],
    lastOutput: Promise.resolve<Buffer>(Buffer.alloc(0)),
    output: null as PodOutput | null,
  }
  let mark: string | null = null
  const read = async (): Promise<string> => {
    const part = await readOutput(speaker, mark)
    mark = part.mark
    expect(part.hasGap).toBe(false)
    return part.text
  }
  expect(await read()).toBe('first\n')
  said.set('one', 'first\nsecond hunter22\n')
  expect(await read()).toBe('second [redacted]\n')
  said.set('one', 'first\nsecond hunter22\nlast\n')
  speaker.lastOutput = noteLast(speaker, life('one'))
  speaker.current = null
  expect(await read()).toBe('last\n')
  speaker.current = life('two')
  expect(await read()).toBe('')
  said.set('two', 'again\n')
  expect(await read()).toBe('again\n')
  // a life that still ended what it had says its last after the next has begun
  said.set('one', 'first\nsecond hunter22\nlast\nvery last\n')
  await noteLast(speaker, life('one'))
  expect(await read()).toBe('very last\n')
  said.set('two', 'again\nand on\n')
  expect(await read()).toBe('and on\n')
})

test('who comes when it has ended hears its last words once', async () => {
  const speaker = {
    current: null,
    secrets: [],
    lastOutput: Promise.resolve(Buffer.from('gone\n')),
    output: null as PodOutput | null,
  }
  const first = await readOutput(speaker, null)
  expect(first).toMatchObject({ text: 'gone\n', hasGap: false })
  expect(await readOutput(speaker, first.mark)).toMatchObject({ text: '', hasGap: false })
})
