// @mcphub/api: the contracts every part shares. Imports zod only; runs in a browser.
export * from './errors.ts'
export * from './limits.ts'
export * from './crds/meta.ts'
export * from './crds/mcp-server.ts'
export * from './crds/user-group.ts'
