import { findVariables } from '@mcphub/api'
import type { ValuePlace } from '@mcphub/api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Secret } from './secret.ts'
import { checkTemplate, checkValueFor, expandTemplate, expandUrl } from './template.ts'

const secrets = (values: Record<string, string>): ReadonlyMap<string, Secret> =>
  new Map(Object.entries(values).map(([name, value]) => [name, new Secret(value)]))
const plain = (expanded: string | Secret | null): string | null =>
  expanded instanceof Secret ? expanded.reveal() : expanded

const variableName = fc.stringMatching(/^(USER|ORG)_[A-Z][A-Z0-9_]{0,20}$/)
/** Text that is full of the characters a template engine could trip over. */
const tricky = fc
  .array(
    fc.constantFrom(
      '$',
      '{',
      '}',
      '${',
      '$$',
      '$&',
      '$1',
      'USER_A',
      '${USER_A}',
      '${PATH}',
      '${__proto__}',
      '\\',
      '한',
      ' ',
    ),
  )
  .map((parts) => parts.join(''))

describe('findVariables', () => {
  test('names each variable once, in order of first appearance', () => {
    expect(findVariables('${ORG_B}-${USER_A}-${ORG_B}${WORKDIR}${PATH}')).toEqual(['ORG_B', 'USER_A'])
  })
  test('knows no name that the schema refuses', () => {
    expect(findVariables('${USER_}${USER_a}${USER_1}${user_A}${ USER_A}${USER_A }$USER_A{USER_A}')).toEqual([])
    expect(findVariables(`\${USER_${'A'.repeat(60)}}`)).toEqual([])
  })
})

describe('expandTemplate', () => {
  test('SEC-6: only the given USER_ and ORG_ names resolve, never the process environment or a prototype', () => {
    const values = secrets({ USER_A: 'a' })
    for (const text of [
      '${PATH}',
      '${DATABASE_URL}',
      '${__proto__}',
      '${constructor}',
      '${WORKDIR}',
      '$USER_A',
      '%USER_A%',
    ]) {
      expect(expandTemplate(text, values)).toBe(text)
    }
    expect(plain(expandTemplate('${PATH}:${USER_A}', values))).toBe('${PATH}:a')
  })

  test('SEC-6: values() of Map.prototype or Object.prototype are no values', () => {
    expect(expandTemplate('${USER_A}', new Map())).toBeNull()
    const polluted = Object.assign(Object.create({ USER_A: new Secret('stolen') }), {}) as Record<string, Secret>
    expect(expandTemplate('${USER_A}', new Map(Object.entries(polluted)))).toBeNull()
  })

  test('SEC-6: a value that looks like a template is not expanded again', () => {
    const values = secrets({ USER_A: '${USER_B}', USER_B: 'secret of B', ORG_C: "$& $1 $$ $` $'" })
    expect(plain(expandTemplate('x${USER_A}y', values))).toBe('x${USER_B}y')
    expect(plain(expandTemplate('${ORG_C}', values))).toBe("$& $1 $$ $` $'")
    expect(plain(expandTemplate('${USER_${USER_B}}', values))).toBe('${USER_secret of B}')
  })

  test('SEC-6: a name without a value yields nothing at all, not a literal', () => {
    expect(expandTemplate('Bearer ${USER_A}', secrets({ USER_B: 'b' }))).toBeNull()
    expect(expandTemplate('${USER_A}${USER_B}', secrets({ USER_B: 'b' }))).toBeNull()
  })

  const REFERENCE = /\$\{(USER_[A-Z][A-Z0-9_]{0,58}|ORG_[A-Z][A-Z0-9_]{0,59})\}/g
  test('SEC-6: the expansion equals the parts put together, for any text and any values (property)', () => {
    const piece = fc.oneof(
      tricky.map((text) => ({ text, variable: false })),
      variableName.map((text) => ({ text, variable: true })),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.func(fc.oneof(tricky, fc.string())), (pieces, valueOf) => {
        // pieces meet at a character that belongs to no reference, so that two of them cannot form a third
        const template = pieces.map((p) => (p.variable ? `\${${p.text}}` : p.text)).join('|')
        const names = findVariables(template)
        const values = secrets(Object.fromEntries(names.map((name) => [name, valueOf(name)])))
        const expected = pieces
          // a text may hold a reference too, also one to a name that its parts make together
          .map((p) =>
            p.variable ? valueOf(p.text) : p.text.replaceAll(REFERENCE, (_all, name: string) => valueOf(name)),
          )
          .join('|')
        const result = expandTemplate(template, values)
        expect(plain(result)).toBe(expected)
        expect(result instanceof Secret).toBe(names.length > 0)
      }),
      { numRuns: 2000 },
    )
  })

  test('SEC-6: nothing outside the given names ever goes in (property)', () => {
    fc.assert(
      fc.property(tricky, variableName, (text, other) => {
        const canary = 'canary-6f1d'
        const values = secrets({ [other]: canary, USER_A: 'a' })
        const result = plain(expandTemplate(text, values))
        expect(result?.includes(canary) ?? false).toBe(other !== 'USER_A' && findVariables(text).includes(other))
      }),
      { numRuns: 1000 },
    )
  })

  test('the result prints as redacted once a value went in', () => {
    expect(String(expandTemplate('Bearer ${USER_A}', secrets({ USER_A: 'geheim' })))).toBe('[redacted]')
    expect(expandTemplate('no variable', secrets({ USER_A: 'geheim' }))).toBe('no variable')
  })
})

describe('checkTemplate', () => {
  test('SEC-6: a reference that could never resolve is a fault of the manifest', () => {
    for (const text of [
      '${PATH}',
      '${DATABASE_URL}',
      '${USER_a}',
      '${USER_${USER_A}}',
      '${',
      'x ${__proto__}',
      '${org_A}',
    ]) {
      expect(checkTemplate(text, { workdir: true }), text).toMatch(/is not a variable of the hub/)
    }
    expect(checkTemplate('${WORKDIR}/a', { workdir: false })).not.toBeNull()
  })
  test('known references and ordinary text pass', () => {
    expect(checkTemplate('${WORKDIR}/${USER_A}/${ORG_B} $5 {x} $(y)', { workdir: true })).toBeNull()
  })
})

describe('expandUrl', () => {
  test('NET-5: a value stays one component of the URL', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (value) => {
        fc.pre(checkValueFor('url', value) === null)
        const url = new URL(
          plain(expandUrl('https://api.example.test/a/${USER_P}/mcp?q=${USER_P}', secrets({ USER_P: value })))!,
        )
        expect(url.origin).toBe('https://api.example.test')
        expect(url.username + url.password + url.hash).toBe('')
        expect(url.pathname.split('/')).toHaveLength(4)
        expect(url.pathname.endsWith('/mcp')).toBe(true)
        expect([...url.searchParams.keys()]).toEqual(['q'])
        expect(url.searchParams.get('q')).toBe(value)
      }),
      { numRuns: 1000 },
    )
  })
  test('NET-5: in the place of a host part no value can name another host', () => {
    for (const value of ['evil.test/', 'evil.test#', 'evil.test?', 'a@evil.test', 'evil.test:1/', 'evil.test\\']) {
      const url = plain(expandUrl('https://${USER_T}.example.test/mcp', secrets({ USER_T: value })))!
      expect(() => new URL(url), value).toThrow()
    }
  })
})

describe('checkValueFor', () => {
  const places: readonly ValuePlace[] = ['header', 'env', 'args', 'url']

  test('SEC-5: what no place can take', () => {
    const bad = [
      '',
      'a\r\nX: y',
      'a\nb',
      'a\rb',
      'a\0b',
      ' a',
      'a ',
      '\ta',
      'a\u00a0',
      'a\u2028b',
      'a\ufeff',
      '\ud800',
      'a\u0007',
    ]
    for (const place of places) {
      for (const value of [...bad, 'x'.repeat(8193), '한'.repeat(2731)]) {
        expect(checkValueFor(place, value), JSON.stringify([place, value.slice(0, 10)])).not.toBeNull()
      }
    }
  })

  test('SEC-5: Korean text goes into env and args, not into a header', () => {
    expect(checkValueFor('env', '비밀 값')).toBeNull()
    expect(checkValueFor('args', '비밀 값')).toBeNull()
    expect(checkValueFor('header', '비밀 값')).toMatch(/ASCII/)
    expect(checkValueFor('header', 'é')).toMatch(/ASCII/)
  })

  test('SEC-5: line breaks only for format Text and only to env', () => {
    const pem = '-----BEGIN KEY-----\r\nAAAA\n-----END KEY-----\n'
    expect(checkValueFor('env', pem, 'Text')).toBeNull()
    expect(checkValueFor('env', pem)).toMatch(/line break/)
    for (const place of ['header', 'args', 'url'] as const)
      expect(checkValueFor(place, pem, 'Text')).toMatch(/line break/)
    expect(checkValueFor('env', ' a\n', 'Text')).toMatch(/space/)
    expect(checkValueFor('env', 'a\0', 'Text')).toMatch(/NUL/)
    expect(checkValueFor('env', 'a\u0007\nb', 'Text')).toMatch(/printed/)
  })

  test('SEC-5: the longest allowed value passes', () => {
    for (const place of places) expect(checkValueFor(place, 'x'.repeat(8192))).toBeNull()
  })

  test('SEC-5: no reason holds the value, and no refused value could break a header (property)', () => {
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.string({ minLength: 8, unit: 'binary' }), (place, value) => {
        const reason = checkValueFor(place, value)
        if (reason !== null) expect(reason.includes(value)).toBe(false)
        else if (place === 'header') expect(() => new Headers({ a: value })).not.toThrow()
      }),
      { numRuns: 2000 },
    )
  })
})
