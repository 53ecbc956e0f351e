// file: gateway/src/access/bad-eval.ts
// fires: eslint(no-eval)
export const run = (text: string): unknown => eval(text)
