// file: gateway/src/access/bad-complexity.ts
// fires: eslint(complexity)
export function decide(n: number): number {
  if (n === 0) return 0
  if (n === 1) return 7
  if (n === 2) return 14
  if (n === 3) return 21
  if (n === 4) return 28
  if (n === 5) return 35
  if (n === 6) return 42
  if (n === 7) return 49
  if (n === 8) return 56
  if (n === 9) return 63
  if (n === 10) return 70
  return 0
}
