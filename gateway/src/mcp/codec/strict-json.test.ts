import { LIMITS } from '@mcphub/api'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseStrictJson } from './strict-json.ts'

const parse = (text: string | Buffer) => parseStrictJson(Buffer.isBuffer(text) ? text : Buffer.from(text))
const codeOf = (text: string | Buffer): string | null => {
  try {
    parse(text)
    return null
  } catch (error) {
    return (error as { code: string }).code
  }
}

/** Any JSON value without `__proto__`, which is refused on purpose. */
const json = fc.jsonValue({ maxDepth: 6 }).filter((value) => !JSON.stringify(value).includes('__proto__'))

describe('strict JSON', () => {
  test('reads what JSON.stringify writes, whatever strings it holds', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(parse(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
    const hard = { 'a:b{[': '\\', '"': '\\"', '}': ['\\\\"', ':', '\u2028', '한글', '\ud800'] }
    expect(parse(JSON.stringify(hard))).toEqual(JSON.parse(JSON.stringify(hard)))
  })

  test('GW-6: refuses exactly the objects that name a member twice', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 6 }), (keys) => {
        if (keys.includes('__proto__')) return
        const text = `{${keys.map((key) => `${JSON.stringify(key)}:1`).join(',')}}`
        expect(codeOf(text)).toBe(new Set(keys).size === keys.length ? null : 'invalid_request')
      }),
    )
    expect(codeOf('{"a":1,"\\u0061":2}')).toBe('invalid_request')
    expect(codeOf('{"x":[{"a":1,"a":1}]}')).toBe('invalid_request')
    expect(codeOf('{"x":"a:b:c","y":{"x":1}}')).toBeNull()
  })

  test('GW-6: refuses what is no JSON, no UTF-8, too deep, or has a byte order mark or __proto__', () => {
    for (const text of ['', '{', '{"a"}', '{"a":1,}', "{'a':1}", '{"a":1}x', '"\n"', 'NaN', '{"a":01}']) {
      expect(codeOf(text), text).toBe('parse_error')
    }
    expect(codeOf(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toBe('parse_error')
    expect(codeOf('\ufeff{}')).toBe('parse_error')
    expect(codeOf(`${'['.repeat(65)}${']'.repeat(65)}`)).toBe('invalid_request')
    expect(codeOf(`${'['.repeat(64)}${']'.repeat(64)}`)).toBeNull()
    expect(codeOf('{"__proto__":1}')).toBe('invalid_request')
    expect(codeOf('{"a":[{"__pro\\u0074o__":1}]}')).toBe('invalid_request')
  })

  test('GW-6: more members than may be are refused before anything is made of them', () => {
    const wide = (count: number): Buffer =>
      Buffer.from(`[${Array.from({ length: count }, (_, at) => `{"${at}":":"}`).join(',')}]`)
    expect(parseStrictJson(wide(9), 9)).toHaveLength(9)
    for (const bytes of [wide(10), Buffer.concat([wide(10), Buffer.from('no JSON')])]) {
      expect(() => parseStrictJson(bytes, 9)).toThrow('The body has more than 9 members')
    }
    expect(codeOf(wide(LIMITS.jsonMembers))).toBeNull()
    expect(codeOf(wide(LIMITS.jsonMembers + 1))).toBe('invalid_request')
  })

  test('GW-6: long runs of escapes take linear time', () => {
    const startedAt = performance.now()
    parse(`{"a":"${'\\\\'.repeat(500_000)}","b":"${'\\"'.repeat(500_000)}"}`)
    expect(performance.now() - startedAt).toBeLessThan(2000)
  })
})
