import { describe, expect, test } from 'vitest'
import { matchesPattern } from './tame-pattern.ts'

describe('a pattern of a server', () => {
  test.each([
    ['^[a-z]+$', 'abc', true],
    ['^[a-z]+$', 'aBc', false],
    ['^(gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{22,244})$', `ghp_${'x'.repeat(36)}`, true],
    ['^\\d{4}-\\d{2}-\\d{2}$', '2026-08-01', true],
    ['^(?:a|b)c$', 'bc', true],
    ['^[*+?]{1,3}$', '*+?', true],
    ['^가+$', '가가', true],
  ])('%s is tried on %j', (pattern, text, expected) => {
    expect(matchesPattern(pattern, text)).toBe(expected)
  })

  test.each([
    ['^(a+)+$', 'a'.repeat(30) + 'b'],
    ['^(a|a)*$', 'a'.repeat(40) + 'b'],
    ['^(.*)\\1$', 'ab'],
    ['(?=a)', 'a'],
    ['a*a*a*a*a*b', 'a'.repeat(2_000)],
    [`${'a?'.repeat(30)}${'a'.repeat(30)}`, 'a'.repeat(30)],
    [`${'(a|a)'.repeat(40)}b`, 'a'.repeat(40)],
    ['[', 'a'],
    ['x'.repeat(501), 'x'],
  ])('%s is left to the server', (pattern, text) => {
    expect(matchesPattern(pattern, text)).toBeNull()
  })

  test('what is tried takes no time: the slowest that are let through', () => {
    const startedAt = performance.now()
    expect(matchesPattern('a+b', 'a'.repeat(4_400))).toBe(false)
    expect(matchesPattern('a+a+b', 'a'.repeat(270))).toBe(false)
    expect(matchesPattern('a+a+a+b', 'a'.repeat(65))).toBe(false)
    expect(matchesPattern(`${'a?'.repeat(15)}${'a'.repeat(15)}b`, 'a'.repeat(30))).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })
})
