// file: gateway/src/features/keys/bad-env.ts
// fires: eslint(no-restricted-properties) process.env is read in config.ts alone
export const home = process.env['HOME']
