// file: gateway/src/access/bad-const.ts
// fires: eslint(prefer-const)
export function one(): number {
  let n = 1
  return n
}
