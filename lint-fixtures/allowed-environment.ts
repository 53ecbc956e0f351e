// file: gateway/src/config.ts
// fires: nothing
export const home = process.env['HOME']
