// file: launcher/src/bad-env.ts
// fires: eslint(no-restricted-properties) process.env is read in config.ts alone
const { env } = process

export const home = env['HOME']
