// file: gateway/src/access/bad-default.ts
// fires: import(no-default-export)
export default function nameless(): void {}
