// file: gateway/src/access/bad-var.ts
// fires: eslint(no-var)
export function count(): number {
  var n = 1
  n += 1
  return n
}
