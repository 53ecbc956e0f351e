// file: gateway/src/proxy/bad-export.ts
// fires: eslint(no-restricted-imports) gateway/src/proxy may not import values of this room
export * from '../secrets/seal.ts'
