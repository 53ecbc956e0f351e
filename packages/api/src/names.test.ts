// The guarantee at the top of names.ts, with random and with chosen names.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildExposedNames, exposeToolName, slug, slugOf } from './names.ts'
import { sha256 } from './sha256.ts'

const RUNS = 100_000
const TOOL = /^[A-Za-z0-9_-]{1,50}$/
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

/** A generator with a fixed seed: the same names in every run, no cost per name. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) % below
  }
}

const PIECES = [
  'a',
  'b',
  'A',
  '_',
  '__',
  '-',
  '--',
  '.',
  '/',
  '../',
  ' ',
  '(',
  '0',
  '_0',
  '앨',
  '😀',
  'é',
  'e\u0301',
  '\ud800',
  'а',
  'server',
  '\u0000',
]

function nameFrom(random: (below: number) => number): string {
  const long = random(50) === 0
  let name = ''
  for (let left = random(long ? 120 : 7); left >= 0; left--) name += PIECES[random(PIECES.length)]
  return name
}

describe('exposeToolName', () => {
  test('SES-9: 100 000 random pairs are valid and injective', () => {
    const random = randomFrom(9)
    const seen = new Map<string, string>()
    for (let i = 0; i < RUNS; i++) {
      const pair = [nameFrom(random), nameFrom(random)] as const
      const name = exposeToolName(...pair)
      const key = JSON.stringify(pair)
      if (!TOOL.test(name)) expect.fail(`${key} became ${name}`)
      if ((seen.get(name) ?? key) !== key) expect.fail(`${key} and ${seen.get(name)} are both ${name}`)
      seen.set(name, key)
    }
    expect(seen.size).toBeGreaterThan(RUNS / 2)
  })

  test.each([
    ['a', 'b-c', 'a-b', 'c'],
    ['a', 'b_c', 'a_b', 'c'],
    ['a_', 'b', 'a', '_b'],
    ['a__b', 'c', 'a', 'b__c'],
    ['a', '', '', 'a'],
    ['a b', 'c', 'a_b', 'c'],
    ['a(b)', 'c', 'a_b_', 'c'],
    ['a', 'а', 'a', 'a'],
    ['a', 'é', 'a', 'e\u0301'],
    ['a', '\ud800', 'a', '\ud801'],
    ['a', 'x'.repeat(300), 'a', 'x'.repeat(301)],
    ['a'.repeat(48), 'b', 'a'.repeat(48), 'c'],
    ['1:2', '3', '1', '2:3'],
  ])('SES-9: (%j, %j) and (%j, %j) differ', (prefix, tool, otherPrefix, otherTool) => {
    expect(exposeToolName(prefix, tool)).not.toBe(exposeToolName(otherPrefix, otherTool))
  })

  test('SES-9: a tool that takes the look of a shortened name cannot stand for the tool it imitates', () => {
    const victim = exposeToolName('srv', 'a tool with spaces')
    const imitation = victim.slice('srv__'.length)
    expect(victim).toMatch(/_0[a-z2-7]{13}$/)
    expect(exposeToolName('srv', imitation)).not.toBe(victim)
  })

  test('a clean pair stays readable', () => {
    expect(exposeToolName('github', 'create_issue')).toBe('github__create_issue')
    expect(exposeToolName('a-b', 'readFile')).toBe('a-b__readFile')
    expect(exposeToolName('a', 'b'.repeat(47))).toBe(`a__${'b'.repeat(47)}`)
  })

  test('a shortened name still names its server and its tool', () => {
    expect(exposeToolName('filesystem', 'list the files of a folder, with sizes and dates')).toMatch(
      /^filesystem__list_the_files_of_a_fo?l?d?_0[a-z2-7]{13}$/,
    )
    expect(exposeToolName('앨리스', '도구')).toMatch(/^server__tool_0[a-z2-7]{13}$/)
  })

  test('any two texts at all give a valid name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (prefix, tool) => {
        expect(exposeToolName(prefix, tool)).toMatch(TOOL)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('buildExposedNames', () => {
  const entry = (server: string, prefix: string, tool: string) => ({ server, prefix, tool })

  test('routes by table, in the order given', () => {
    const entries = [entry('b', 'b', 'two'), entry('a', 'a', 'one')]
    const { table, collisions } = buildExposedNames(entries)
    expect([...table]).toEqual([
      ['b__two', entries[0]],
      ['a__one', entries[1]],
    ])
    expect(collisions).toEqual([])
  })

  test('SES-9: two servers that claim one name both lose it, and that is reported', () => {
    const entries = [entry('first', 'same', 'tool'), entry('second', 'same', 'tool'), entry('first', 'same', 'other')]
    const { table, collisions } = buildExposedNames(entries)
    expect([...table.keys()]).toEqual(['same__other'])
    expect(collisions).toEqual([{ name: 'same__tool', entries: entries.slice(0, 2) }])
  })

  test('a tool listed twice by one server counts once', () => {
    const { table, collisions } = buildExposedNames([entry('a', 'a', 't'), entry('a', 'a', 't')])
    expect([...table.keys()]).toEqual(['a__t'])
    expect(collisions).toEqual([])
  })
})

describe('slug', () => {
  test('BOX-8: 100 000 random users give valid labels without a collision', () => {
    const random = randomFrom(8)
    const seen = new Map<string, string>()
    for (let i = 0; i < RUNS; i++) {
      const text = nameFrom(random)
      const label = slug(text)
      if (!LABEL.test(label)) expect.fail(`${JSON.stringify(text)} became ${label}`)
      if ((seen.get(label) ?? text) !== text)
        expect.fail(`${JSON.stringify([text, seen.get(label)])} are both ${label}`)
      seen.set(label, text)
    }
    expect(seen.size).toBeGreaterThan(RUNS / 2)
  })

  test.each([
    '',
    '.',
    '..',
    '../../etc/passwd',
    '😀',
    '앨리스',
    'Alice',
    'a.b',
    '-a',
    'a-',
    'a'.repeat(300),
    'x--abcdefghijklmnop',
    'con',
    '\ud800',
    'a\u0000b',
  ])('BOX-8: %j becomes a valid label', (text) => {
    expect(slug(text)).toMatch(LABEL)
  })

  test('BOX-8: case, dots and scripts keep apart', () => {
    const texts = [
      'alice',
      'Alice',
      'ALICE',
      'a.lice',
      'a-lice',
      'a_lice',
      'аlice',
      'alice ',
      'alice.',
      '앨리스',
      '앨리스'.normalize('NFD'),
    ]
    expect(new Set(texts.map(slug)).size).toBe(texts.length)
  })

  test('what is a label already stays as it is', () => {
    expect(slug('filesystem')).toBe('filesystem')
    expect(slug('a'.repeat(63))).toBe('a'.repeat(63))
  })

  test('an altered label given again becomes another: it cannot be claimed by its own text', () => {
    expect(slug(slug('Alice'))).not.toBe(slug('Alice'))
  })

  test('several parts are joined without ambiguity', () => {
    expect(slugOf('a-b', 'c')).not.toBe(slugOf('a', 'b-c'))
    expect(slugOf('a', 'b')).not.toBe(slugOf('a', 'b', ''))
    expect(slugOf('filesystem', 'x')).toMatch(/^filesystem-x--[a-z2-7]{16}$/)
  })
})

test('sha256 agrees with node:crypto at every padding length', () => {
  for (let length = 0; length < 200; length++) {
    const bytes = new Uint8Array(length).map((_, i) => (i * 7 + length) & 255)
    expect(Buffer.from(sha256(bytes)).toString('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
  }
})
