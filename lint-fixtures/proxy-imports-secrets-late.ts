// file: gateway/src/proxy/bad-late.ts
// fires: eslint(no-restricted-imports) gateway/src/proxy may not import values of this room
export const late = async (): Promise<unknown> => import('../secrets/seal.ts')
