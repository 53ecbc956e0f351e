// file: cli/src/bad-env.ts
// fires: eslint(no-restricted-imports) process.env is read in config.ts alone
import { env } from 'node:process'

export const home = env['HOME']
