// The pure decisions around an install: faults, executables, lock files.
import { describe, expect, test } from 'vitest'
import { checkLock } from './lock-files.ts'
import { describeNpmCode, parseNpmCode } from './npm-faults.ts'
import { chooseBin, needsNode, readBins } from './package-bins.ts'

test('the code is found in npm’s output and becomes a sentence without npm’s own words', () => {
  const stderr = 'npm http fetch GET 404 https://user:pass@registry/x\nnpm error code E404\nnpm error 404 Not Found\n'
  expect(parseNpmCode(stderr)).toBe('E404')
  expect(parseNpmCode('nothing')).toBeNull()
  expect(describeNpmCode('E404').transient).toBe(false)
  expect(describeNpmCode('ENOSPC')).toEqual({ message: 'the disk is full', transient: true })
  expect(describeNpmCode('EWHATEVER')).toEqual({ message: 'npm failed (EWHATEVER)', transient: false })
})

describe('the executable of a package', () => {
  const choose = (name: string, bin: unknown, wanted?: string): unknown => chooseBin(name, readBins(name, bin), wanted)
  test.each([
    ['one as text', '@s/server', './dist/index.js', undefined, { path: 'dist/index.js' }],
    ['one under another name', 'pkg', { other: 'a.js' }, undefined, { path: 'a.js' }],
    ['several, one named as the package', '@s/pkg', { pkg: 'a.js', tool: 'b.js' }, undefined, { path: 'a.js' }],
    ['several names of one file', 'pkg', { x: 'a.js', y: './a.js' }, undefined, { path: 'a.js' }],
    ['the wanted one', 'pkg', { pkg: 'a.js', tool: 'b.js' }, 'tool', { path: 'b.js' }],
  ])('%s', (_, name, bin, wanted, expected) => expect(choose(name, bin, wanted)).toEqual(expected))

  test.each([
    ['none', undefined, undefined, /no executable/],
    ['several', { one: 'a.js', two: 'b.js' }, undefined, /several executables \(one, two\)/],
    ['an unknown one', { one: 'a.js' }, 'constructor', /of that name; it has one/],
    ['one outside the package', { pkg: '../../evil.js' }, undefined, /no executable/],
    ['one at an absolute path', { pkg: '/../../etc/passwd' }, undefined, /no executable|several/],
  ])('%s is refused', (_, bin, wanted, expected) => {
    const chosen = choose('pkg', bin, wanted) as { fault?: string; path?: string }
    if (chosen.path === undefined) expect(chosen.fault).toMatch(expected)
    else expect(chosen.path).not.toMatch(/\.\.|^\//)
  })

  test('a script for node runs under our node, another interpreter or a binary by itself', () => {
    expect(needsNode('a.js', '#!/usr/bin/env node\n')).toBe(true)
    expect(needsNode('a', '#!/usr/bin/env -S node --no-warnings\n')).toBe(true)
    expect(needsNode('a.mjs', 'import x')).toBe(true)
    expect(needsNode('a.sh', '#!/bin/sh\n')).toBe(false)
    expect(needsNode('a', '\x7fELF')).toBe(false)
  })
})

describe('a lock file', () => {
  const lock = (packages: object): string => JSON.stringify({ lockfileVersion: 3, packages: { '': {}, ...packages } })
  test('counts what it names', () => {
    expect(
      checkLock(lock({ 'node_modules/a': { integrity: 'sha512-x' }, 'node_modules/b': { integrity: 'sha512-y' } })),
    ).toBe(2)
  })
  test.each([
    ['a dependency without integrity', lock({ 'node_modules/a': { resolved: 'git+ssh://x' } }), 'ENOINTEGRITY'],
    ['a link', lock({ 'node_modules/a': { link: true } }), 'ENOINTEGRITY'],
    ['no lock at all', '{}', 'EUSAGE'],
    ['no JSON', 'x', 'EUSAGE'],
  ])('%s is refused', (_, text, code) => expect(() => checkLock(text)).toThrow(code))
})
