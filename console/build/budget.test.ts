import { randomBytes } from 'node:crypto'
import type { Rolldown } from 'vite'
import { expect, test } from 'vitest'
import { measureFirstLoad } from './budget.ts'

const chunk = (code: string, imports: readonly string[] = []) => ({ type: 'chunk', code, imports })
const asset = (source: string) => ({ type: 'asset', source })
const noise = (bytes: number): string => randomBytes(bytes).toString('base64')

const bundle = {
  'index.html': asset(
    '<script src="/assets/theme-1.js"></script><script type="module" src="/assets/main-1.js"></script><link rel="stylesheet" href="/assets/main-1.css">',
  ),
  'assets/theme-1.js': asset('x'),
  'assets/main-1.js': chunk('main', ['assets/react-1.js']),
  // each imports the other
  'assets/react-1.js': chunk(noise(9_000), ['assets/main-1.js']),
  'assets/main-1.css': asset(noise(3_000)),
  // fetched when somebody goes there
  'assets/page-1.js': chunk(noise(90_000)),
} as unknown as Rolldown.OutputBundle

test('R6-9: what index.html names counts, with all it imports, and pages fetched later do not', () => {
  const { script, style, files } = measureFirstLoad(bundle)
  expect(files.map(([file]) => file)).toEqual([
    'assets/react-1.js',
    'assets/main-1.css',
    expect.stringMatching(/\.js$/),
    expect.stringMatching(/\.js$/),
  ])
  expect(script).toBeGreaterThan(9_000)
  expect(script).toBeLessThan(12_000)
  expect(style).toBeGreaterThan(3_000)
  expect(style).toBeLessThan(4_500)
})
