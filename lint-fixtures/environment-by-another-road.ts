// file: gateway/src/auth/bad-global.ts
// fires: eslint(no-restricted-properties) process.env is read in config.ts alone
export const home = globalThis.process.env['HOME']
