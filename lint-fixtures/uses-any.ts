// file: gateway/src/access/bad-any.ts
// fires: typescript(no-explicit-any)
export const anything = (value: any): unknown => value
