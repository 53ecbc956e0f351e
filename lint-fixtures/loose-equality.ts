// file: gateway/src/access/bad-equality.ts
// fires: eslint(eqeqeq)
export const same = (a: string, b: string): boolean => a == b
