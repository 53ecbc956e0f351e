// file: gateway/src/access/bad-misused.ts
// fires: typescript(no-misused-promises)
async function isReady(): Promise<boolean> {
  return false
}

export function check(): string {
  return isReady() ? 'always' : 'never'
}
