// file: gateway/src/access/bad-builtin.ts
// fires: eslint(no-restricted-properties) no second module loader
export const load = (): unknown => process.getBuiltinModule('node:fs')
