// file: gateway/src/access/bad-throw.ts
// fires: typescript(only-throw-error)
export function fail(): never {
  throw 'a text without a stack'
}
